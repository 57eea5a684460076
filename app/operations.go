package app

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"handover"
	"handover/api"
)

// operations serves what is done with the engine as a whole, beside the admin
// API: POST /api/v1/backup answers with the backup itself, POST /api/v1/verify
// with lines of JSON (VerifyLine). Both last as long as they last. They are for
// who sees everything, and not for other sites' web pages.
func (e *Engine) operations(rest http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /api/v1/backup", e.operation(e.serveBackup))
	mux.Handle("POST /api/v1/verify", e.operation(e.serveVerify))
	mux.Handle("/", rest)
	return http.NewCrossOriginProtection().Handler(mux)
}

// beside are the operations for openapi.json.
var beside = []api.Beside{
	{Method: http.MethodPost, Path: "/api/v1/backup", Summary: "The engine's whole state as one file (docs/formats/backup.md). An answer that breaks off is no backup",
		Media: "application/zstd", Errors: []int{http.StatusConflict, http.StatusNotImplemented, http.StatusInsufficientStorage}},
	{Method: http.MethodPost, Path: "/api/v1/verify", Summary: "Prove journal, trace, deliveries and record. Lines of JSON: how far it is (doing, done, total), and last what was found (proof) or why it could not be finished (error)",
		Media: "application/x-ndjson"},
}

// operation checks who asks, takes the server's time limits away, and breaks off
// when the engine ends.
func (e *Engine) operation(serve func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		access, err := api.Local(r)
		if err == nil && !access.May(handover.Row{}) {
			err = &handover.Error{Kind: handover.Denied, Err: errors.New("this is for who may see everything")}
		}
		limits := http.NewResponseController(w)
		if err == nil {
			err = errors.Join(limits.SetReadDeadline(time.Time{}), limits.SetWriteDeadline(time.Time{}))
		}
		if err == nil {
			ctx, cancel := e.untilEnd(r.Context())
			defer cancel()
			err = serve(w, r.WithContext(ctx))
		}
		if err != nil {
			refuse(w, err)
		}
	})
}

func (e *Engine) untilEnd(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-e.ending:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// refuse answers with an error in the form of the admin API.
func refuse(w http.ResponseWriter, err error) {
	c := handover.KindOf(err).Consequence()
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(c.HTTP)
	_ = json.NewEncoder(w).Encode(map[string]any{"title": c.Name, "status": c.HTTP, "detail": err.Error()}) // who left does not read it
}

// serveBackup streams a backup. Once bytes have gone, an error can only be told
// by breaking off: a client that got the end has all of it.
func (e *Engine) serveBackup(w http.ResponseWriter, r *http.Request) error {
	out := &begun{w: w, header: map[string]string{
		"Content-Type": "application/zstd", "Content-Disposition": `attachment; filename="handover-backup.tar.zst"`}}
	m, err := e.Backup(r.Context(), out, nil)
	if err == nil {
		e.log.Info("a backup was made", "tail", m.Tail, "bytes", m.Bytes())
		return nil
	}
	if out.yes {
		e.log.Error("a backup broke off", "error", err)
		panic(http.ErrAbortHandler)
	}
	return err
}

// begun sets the headers of an answer when it begins, and remembers it.
type begun struct {
	w      http.ResponseWriter
	header map[string]string
	yes    bool
}

// Write begins the answer.
func (b *begun) Write(p []byte) (int, error) {
	if !b.yes {
		for name, value := range b.header {
			b.w.Header().Set(name, value)
		}
		b.yes = true
	}
	return b.w.Write(p)
}

// VerifyLine is a line of the answer of /api/v1/verify: how far it is, or, the
// last, what was found or why it could not be finished.
type VerifyLine struct {
	Doing string `json:"doing,omitempty"`
	Done  int64  `json:"done,omitempty"`
	Total int64  `json:"total,omitempty"`
	Proof *Proof `json:"proof,omitempty"`
	Error string `json:"error,omitempty"`
}

// tellEvery bounds how often progress is told.
const tellEvery = 200 * time.Millisecond

func (e *Engine) serveVerify(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	w.Header().Set("Content-Type", "application/x-ndjson")
	tell := func(l VerifyLine) {
		if json.NewEncoder(w).Encode(l) != nil || http.NewResponseController(w).Flush() != nil {
			cancel() // nobody listens any more
		}
	}
	var told time.Time
	proof, err := e.Verify(ctx, func(what string, done, total int64) {
		if now := time.Now(); now.Sub(told) >= tellEvery {
			told = now
			tell(VerifyLine{Doing: what, Done: done, Total: total})
		}
	})
	last := VerifyLine{Proof: &proof}
	if err != nil {
		last = VerifyLine{Error: err.Error()}
	}
	tell(last)
	return nil
}
