package record

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"time"

	"handover"
	"handover/internal/rawjson"
	"handover/internal/store"
)

// Resource is one version of one resource.
type Resource struct {
	Type, ID    string
	Version     int64
	LastUpdated time.Time       // UTC, milliseconds
	Offset      handover.Offset // of the Written fact
	Content     []byte          // JSON with meta.versionId and meta.lastUpdated; nil: deleted

	patient string // id of the Patient it belongs to, a Patient's own for itself; "": none
}

// found is a version's row, with what access must know of it.
type found struct {
	row
	patientID string
	millis    int64
}

// foundColumns are read from resource r, patient p and pack k.
const foundColumns = rowColumns + `, COALESCE(p.id, ''), k.time`

// Read returns the current version, once everything up to atLeast is applied.
// NotFound: there is no such resource, or the reader may not see it; Gone: it
// was deleted. What turned out to be one with another resource reads as that
// one, with its id.
func (r *Record) Read(ctx context.Context, access handover.Access, atLeast handover.Offset, resourceType, id string) (Resource, error) {
	const op = "reading a resource"
	out, err := r.one(ctx, access, atLeast, op, 1, end, resourceType, id)
	if handover.KindOf(err) != handover.Gone {
		return out, err
	}
	t := ref{resourceType, id}
	now, finding := r.lookIn(ctx).final(t)
	if finding != nil || now == t {
		return out, errors.Join(err, finding)
	}
	return r.Read(ctx, access, atLeast, now.Type, now.ID)
}

// VRead returns one version, as Read does.
func (r *Record) VRead(ctx context.Context, access handover.Access, atLeast handover.Offset, resourceType, id string, version int64) (Resource, error) {
	const op = "reading a version of a resource"
	return r.one(ctx, access, atLeast, op, version, version, resourceType, id)
}

// The versions of one resource, the current one and those before it: foundColumns
// with the place of each version.
const (
	currentVersion = `SELECT ` + foundColumns + ` FROM lookup l JOIN resource r ON r.rid = l.rid
		JOIN pack k ON k.pack = r.pack LEFT JOIN resource p ON p.rid = r.patient
		WHERE l.hash = ? AND r.id = ? AND r.type = ?`
	olderVersions = `SELECT r.rid, r.type, r.id, v.version, v.pack, v.place, r.held, r.heldat, r.patient, r.source,
		COALESCE(p.id, ''), k.time FROM lookup l JOIN resource r ON r.rid = l.rid
		JOIN version v ON v.rid = r.rid
		JOIN pack k ON k.pack = v.pack LEFT JOIN resource p ON p.rid = r.patient
		WHERE l.hash = ? AND r.id = ? AND r.type = ?`
)

// versions returns the rows of a resource's versions from one to another, newest
// first, at most so many.
func (r *Record) versions(ctx context.Context, tx *store.Tx, t ref, from, to int64, limit int) ([]found, error) {
	args := []any{t.hash(), t.ID, r.names.id(t.Type), from, to}
	rows, err := r.query(ctx, tx, currentVersion+` AND r.version BETWEEN ? AND ?`, args)
	if err != nil || len(rows) == limit {
		return rows, err
	}
	older, err := r.query(ctx, tx, olderVersions+` AND v.version BETWEEN ? AND ? ORDER BY v.version DESC LIMIT ?`, append(args, limit-len(rows)))
	return append(rows, older...), err
}

// one reads the newest of these versions of a resource.
func (r *Record) one(ctx context.Context, access handover.Access, atLeast handover.Offset, op string, from, to int64, resourceType, id string) (out Resource, err error) {
	if err := r.applied.wait(ctx, atLeast); err != nil {
		return out, err
	}
	err = r.db.Read(ctx, func(tx *store.Tx) error {
		rows, err := r.versions(ctx, tx, ref{resourceType, id}, from, to, 1)
		if err != nil {
			return err
		}
		rows = r.visible(access, rows)
		if len(rows) == 0 {
			return &handover.Error{Kind: handover.NotFound, Err: errors.New("there is no such resource, or it may not be seen")}
		}
		list, err := r.fill(ctx, tx, rows)
		if err == nil {
			out = list[0]
		}
		return err
	})
	if err == nil && out.Content == nil {
		err = &handover.Error{Kind: handover.Gone, Err: errors.New("the resource was deleted")}
	}
	if err != nil {
		return Resource{}, &handover.Error{Op: op, Kind: kindOf(err), Err: err}
	}
	return out, nil
}

// query runs a query that yields foundColumns.
func (r *Record) query(ctx context.Context, tx *store.Tx, query string, args []any) ([]found, error) {
	var out []found
	err := tx.Each(ctx, query, args, func(scan func(...any) error) error {
		var f found
		var err error
		f.row, err = r.scanRow(func(dest ...any) error { return scan(append(dest, &f.patientID, &f.millis)...) })
		out = append(out, f)
		return err
	})
	return out, err
}

// visible keeps the rows that the reader may see.
func (r *Record) visible(access handover.Access, rows []found) []found {
	out := rows[:0]
	for _, f := range rows {
		if access.May(handover.Row{Type: f.Type, ID: f.ID, Patient: f.patientID, Source: r.names.name(f.source)}) {
			out = append(out, f)
		}
	}
	return out
}

// fill reads the contents.
func (r *Record) fill(ctx context.Context, tx *store.Tx, rows []found) ([]Resource, error) {
	keys := make([]int64, len(rows))
	for i := range rows {
		keys[i] = rows[i].pack
	}
	packs, err := r.readPacks(ctx, tx, keys)
	if err != nil {
		return nil, err
	}
	out := make([]Resource, len(rows))
	for i, f := range rows {
		content, err := f.content(packs)
		if err != nil {
			return nil, err
		}
		at := time.UnixMilli(f.millis).UTC()
		out[i] = Resource{
			Type: f.Type, ID: f.ID, Version: f.version, LastUpdated: at, Offset: handover.Offset(f.pack),
			Content: withMeta(content, f.version, at), patient: f.patientID,
		}
	}
	return out, nil
}

// withMeta returns a copy of the content with versionId and lastUpdated in meta,
// which it makes after the id where there is none.
func withMeta(content []byte, version int64, at time.Time) []byte {
	if len(content) == 0 {
		return nil
	}
	meta := `"versionId":"` + strconv.FormatInt(version, 10) + `","lastUpdated":"` + at.Format("2006-01-02T15:04:05.000Z07:00") + `"`
	place, known := len(content)-1, false
	rawjson.Members(content, func(name, value []byte) {
		// The value lies within content, so its place is known by what follows it.
		switch {
		case string(name) == "meta" && len(value) > 0 && value[0] == '{':
			place, known = rawjson.Offset(content, value)+1, true
			if len(value) > 2 {
				meta += ","
			}
		case string(name) == "id" && !known:
			place = rawjson.Offset(content, value) + len(value)
		}
	})
	if !known {
		meta = `,"meta":{` + meta + `}`
	}
	out := bytes.NewBuffer(make([]byte, 0, len(content)+len(meta)))
	out.Write(content[:place])
	out.WriteString(meta)
	out.Write(content[place:])
	return out.Bytes()
}

// Page is a part of a list.
type Page struct {
	Resources []Resource
	Next      string // cursor of what follows; "" at the end
	Total     int    // how many match in all; -1 where it was not asked for
}

// History returns the versions of one resource, newest first, as Read would.
func (r *Record) History(ctx context.Context, access handover.Access, atLeast handover.Offset, resourceType, id string, count int, after string) (Page, error) {
	const op = "reading a resource's history"
	if err := r.applied.wait(ctx, atLeast); err != nil {
		return Page{}, err
	}
	from, err := readCursor(after, 1<<62, 0)
	if err != nil {
		return Page{}, err
	}
	page := Page{Total: -1}
	count = pageSize(count)
	err = r.db.Read(ctx, func(tx *store.Tx) error {
		rows, err := r.versions(ctx, tx, ref{resourceType, id}, 1, from[0]-1, count+1)
		if err != nil {
			return err
		}
		rows = r.visible(access, rows)
		if len(rows) == 0 && after == "" {
			return &handover.Error{Kind: handover.NotFound, Err: errors.New("there is no such resource, or it may not be seen")}
		}
		if len(rows) > count {
			rows = rows[:count]
			page.Next = writeCursor(rows[count-1].version, 0)
		}
		page.Resources, err = r.fill(ctx, tx, rows)
		return err
	})
	if err != nil {
		return Page{}, &handover.Error{Op: op, Kind: kindOf(err), Err: err}
	}
	return page, nil
}
