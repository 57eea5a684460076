package record

import (
	"bytes"
	"encoding/binary"

	"handover/internal/offheap"
)

// ring holds what was used last in a fixed room that costs the collector nothing,
// the newest in the place of the oldest.
//
// An entry is its own length, a hash, a row id, the lengths of a type, an id and
// two texts (4, 8, 8 and four times 4 bytes), then these.
type ring struct {
	held *offheap.Room
	room []byte        // of held
	at   map[int64]int // hash → where the newest entry of that hash begins
	head int           // where the next entry goes
	tail int           // where the oldest entry begins
	end  int           // where the entries before the room's end end, while head is below tail
}

const ringHeader = 4 + 8 + 8 + 4*4

func newRing(bytes int) *ring {
	held := offheap.New(bytes)
	return &ring{held: held, room: held.Bytes(), at: map[int64]int{}}
}

// put takes in an entry; whatever was there of the same hash counts no more.
func (q *ring) put(hash, rid int64, r ref, first, second []byte) {
	delete(q.at, hash)
	size := ringHeader + len(r.Type) + len(r.ID) + len(first) + len(second)
	if size > len(q.room)/16 { // it would drive out too many others
		return
	}
	b := q.make(hash, size)[:0]
	b = binary.LittleEndian.AppendUint32(b, uint32(size))
	b = binary.LittleEndian.AppendUint64(b, uint64(hash))
	b = binary.LittleEndian.AppendUint64(b, uint64(rid))
	for _, n := range [...]int{len(r.Type), len(r.ID), len(first), len(second)} {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	b = append(append(b, r.Type...), r.ID...)
	_ = append(append(b, first...), second...)
}

// make returns the newest place, of so many bytes.
func (q *ring) make(hash int64, size int) []byte {
	q.vacate(size)
	q.at[hash] = q.head
	q.head += size
	return q.room[q.head-size : q.head]
}

// vacate makes so many bytes free at head, forgetting the oldest entries. Where
// the room's end is too near, head begins again at its start.
func (q *ring) vacate(size int) {
	if q.head+size > len(q.room) {
		for q.tail >= q.head && q.end > 0 {
			q.forget()
		}
		q.end, q.head = q.head, 0
	}
	for q.end > 0 && q.tail >= q.head && q.tail < q.head+size {
		q.forget()
	}
}

// forget takes out the oldest entry.
func (q *ring) forget() {
	size := int(binary.LittleEndian.Uint32(q.room[q.tail:]))
	hash := int64(binary.LittleEndian.Uint64(q.room[q.tail+4:]))
	if at, ok := q.at[hash]; ok && at == q.tail {
		delete(q.at, hash)
	}
	if q.tail += size; q.tail >= q.end {
		q.tail, q.end = 0, 0
	}
}

// drop takes out what is there of a hash.
func (q *ring) drop(hash int64) { delete(q.at, hash) }

// find returns the type, the id and the two texts of an entry, where they stand in
// the room, and its row; 0 if there is none. Whoever looks up by a hash compares
// what it is of.
func (q *ring) find(hash int64) (parts [4][]byte, rid int64) {
	at, ok := q.at[hash]
	if !ok {
		return parts, 0
	}
	b := q.entry(at)
	rest := b[ringHeader:]
	for i := range parts {
		n := binary.LittleEndian.Uint32(b[20+4*i:])
		parts[i], rest = rest[:n], rest[n:]
	}
	return parts, int64(binary.LittleEndian.Uint64(b[12:]))
}

func (q *ring) entry(at int) []byte { return q.room[at:][:binary.LittleEndian.Uint32(q.room[at:])] }

// used says that an entry was of use: if it is among the older half, it is put
// among the newest. What find returned of any is void.
func (q *ring) used(hash int64) {
	at, ok := q.at[hash]
	if !ok {
		return
	}
	age := q.head - at
	if age <= 0 {
		age += q.end
	}
	if age <= len(q.room)/2 {
		return
	}
	b := bytes.Clone(q.entry(at))
	delete(q.at, hash)
	copy(q.make(hash, len(b)), b)
}
