package journal

import (
	_ "embed"
	"errors"
	"sync"

	"github.com/klauspost/compress/zstd"

	"handover"
	"handover/bodies"
)

// How many bytes of content share a zstd frame, at most, unless one body alone
// is longer. Larger packs compress better, but reading one body unpacks all of
// it. What one message asserts and what was written for it say much the same,
// so they belong in one pack; and sealed volumes are rarely read one by one.
const (
	messagePack = 16 << 10
	factPack    = 64 << 10
	sealedPack  = 64 << 10
)

// encoderWindow is how far back an encoder looks. Each encoder holds somewhat more
// memory than that; packs are shorter, and a longer body loses little by it.
const encoderWindow = 256 << 10

// maxPack bounds what unpacking may use, against damaged volumes.
const maxPack = 64 << 20

//go:embed dictionary/message.zdict
var messageDictionary []byte

//go:embed dictionary/fact.zdict
var factDictionary []byte

// compressor holds the encoders, which are costly to make. EncodeAll and
// DecodeAll may be called by many goroutines at once.
type compressor struct {
	message, fact *zstd.Encoder
	decoder       *zstd.Decoder
}

// compressors are shared by all journals of the process.
var compressors = sync.OnceValues(newCompressor)

func newCompressor() (*compressor, error) {
	encoder := func(dictionary []byte) (*zstd.Encoder, error) {
		return zstd.NewWriter(nil, zstd.WithEncoderDict(dictionary), zstd.WithEncoderLevel(zstd.SpeedFastest),
			zstd.WithWindowSize(encoderWindow), zstd.WithEncoderConcurrency(2), zstd.WithEncoderCRC(false), zstd.WithLowerEncoderMem(true))
	}
	message, err1 := encoder(messageDictionary)
	fact, err2 := encoder(factDictionary)
	decoder, err3 := zstd.NewReader(nil, zstd.WithDecoderDicts(messageDictionary, factDictionary),
		zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(maxPack))
	return &compressor{message, fact, decoder}, errors.Join(err1, err2, err3)
}

// isOurs reports whether Handover itself writes bodies of the format.
func isOurs(format string) bool { return format == bodies.MediaType || format == "application/json" }

// target is how much of a format shares a frame when it is appended.
func target(format string) int {
	if isOurs(format) {
		return factPack
	}
	return messagePack
}

// frame compresses content, by the dictionary that suits the format.
func (c *compressor) frame(format string, content []byte) []byte {
	if isOurs(format) {
		return c.fact.EncodeAll(content, nil)
	}
	return c.message.EncodeAll(content, nil)
}

func (c *compressor) unframe(frame []byte) ([]byte, error) { return c.decoder.DecodeAll(frame, nil) }

// packable is a body about to be stored.
type packable struct {
	f       *fact
	salt    []byte
	content []byte
	frame   []byte // already compressed alone, because it is long
}

// pack stores the bodies, those of one class and format together, up to
// target. The facts have their offsets.
func (c *compressor) pack(all []packable, target func(format string) int) {
	type group struct {
		class  handover.Retention
		format string
	}
	open := map[group][]packable{}
	var order []group
	for _, p := range all {
		if len(p.content) == 0 {
			p.f.body = plainBody(p.salt, nil)
			continue
		}
		if p.frame != nil {
			c.alone(p)
			continue
		}
		g := group{p.f.head.Class, p.f.head.Format}
		ps, known := open[g]
		if !known {
			order = append(order, g)
		}
		if length(ps)+len(p.content) > target(g.format) || len(ps) > 0 && p.f.at-ps[0].f.at > maxSpan {
			c.close(ps)
			ps = ps[:0]
		}
		open[g] = append(ps, p)
	}
	for _, g := range order {
		c.close(open[g])
	}
}

func length(ps []packable) (n int) {
	for _, p := range ps {
		n += len(p.content)
	}
	return n
}

// close compresses the gathered bodies into one frame, of which each fact gets
// a piece: rows of even length fill pages better than one long row would.
func (c *compressor) close(ps []packable) {
	switch len(ps) {
	case 0:
		return
	case 1:
		ps[0].frame = c.frame(ps[0].f.head.Format, ps[0].content)
		c.alone(ps[0])
		return
	}
	joined := make([]byte, 0, length(ps))
	starts := make([]uint64, len(ps))
	for i, p := range ps {
		starts[i] = uint64(len(joined))
		joined = append(joined, p.content...)
	}
	frame := c.frame(ps[0].f.head.Format, joined)
	owner, span := ps[0].f.at, uint64(ps[len(ps)-1].f.at-ps[0].f.at)
	for i, p := range ps {
		piece := frame[i*len(frame)/len(ps) : (i+1)*len(frame)/len(ps)]
		p.f.body = packBody(p.salt, uint64(p.f.at-owner), span, starts[i], piece)
	}
}

// alone stores one body: compressed, unless that would make it longer.
func (c *compressor) alone(p packable) {
	if len(p.frame) >= len(p.content) {
		p.f.body = plainBody(p.salt, p.content)
		return
	}
	p.f.body = packBody(p.salt, 0, 0, 0, p.frame)
}
