package api

import (
	"context"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"handover"
)

// API serves the paths; it is a http.Handler.
type API struct {
	Config
	mux     *http.ServeMux
	seal    cipher.AEAD
	meta    []byte // CapabilityStatement without its implementation
	openapi []byte
	metrics *metrics
	params  searchParams

	comparing sync.Mutex // held while a list is compared
}

// New returns the handler. It holds nothing that must be closed.
func New(c Config) (*API, error) {
	c.setDefaults()
	a := &API{Config: c, mux: http.NewServeMux(), params: newSearchParams()}
	var err error
	if a.seal, err = newSeal(c.PageKey); err != nil {
		return nil, &handover.Error{Op: "opening the API", Kind: handover.Usage, Where: "PageKey", Err: err}
	}
	if a.metrics, err = newMetrics(a); err != nil {
		return nil, &handover.Error{Op: "opening the API", Kind: handover.Usage, Where: "Collectors", Err: err}
	}
	a.meta = a.capabilities()
	a.openapi = describe(c.Version, withBeside(adminEndpoints, c.Beside))
	a.mount(fhirDoor{}, "writing comes by sources in this version: send an HL7 v2 message", fhirEndpoints)
	a.mount(adminDoor{}, "this path has no such method", adminEndpoints)
	a.elsewhere("/fhir", fhirDoor{}, (*API).noSuchFHIR)
	a.elsewhere("/", adminDoor{}, (*API).noSuchPath)
	return a, nil
}

// The limits of the server. What is asked for must come quickly; an answer may
// be a large message on its way to a slow reader.
const (
	maxURL        = 48 << 10
	maxHeader     = 64 << 10
	headerTimeout = 10 * time.Second
	readTimeout   = 30 * time.Second
	writeTimeout  = 10 * time.Minute
	idleTimeout   = 2 * time.Minute
)

// Server returns a server for New(c) with limits that slow and hostile clients
// run into. The caller listens and serves.
func Server(c Config) (*http.Server, error) {
	a, err := New(c)
	if err != nil {
		return nil, err
	}
	return &http.Server{
		Handler: a, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(a.Log.Handler(), slog.LevelWarn),
	}, nil
}

func (a *API) mount(d door, refused string, endpoints []endpoint) {
	for path, m := range byPath(d, refused, endpoints) {
		a.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			c := a.newCall(w, r, d, path)
			e, ok := m.find(r.Method)
			if !ok {
				w.Header().Set("Allow", m.allow)
				a.end(c, &statusError{http.StatusMethodNotAllowed, handover.Unsupported, "", r.Method + ": " + m.refused})
				return
			}
			ctx, cancel := context.WithTimeout(r.Context(), a.patience(e))
			defer cancel()
			c.Request = r.WithContext(ctx)
			a.end(c, a.serve(c, e))
		})
	}
}

// patience is how long an endpoint may work on one request.
func (a *API) patience(e endpoint) time.Duration {
	if e.long {
		return writeTimeout
	}
	return a.Timeout
}

// elsewhere answers what no endpoint below the path has.
func (a *API) elsewhere(path string, d door, act func(*API, *call) error) {
	handle := func(w http.ResponseWriter, r *http.Request) {
		c := a.newCall(w, r, d, "elsewhere")
		a.end(c, act(a, c))
	}
	a.mux.HandleFunc(path, handle)
	if path != "/" {
		a.mux.HandleFunc(path+"/", handle)
	}
}

// ServeHTTP answers one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := a.Now()
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Request-Id", rand.Text())
	s := &statusWriter{ResponseWriter: w, path: "elsewhere"}
	defer func() { a.metrics.answered(s, r.Method, a.Now().Sub(began)) }()
	defer a.recover(s, r)
	if err := plain(r.URL, r.RequestURI); err != nil {
		a.end(a.newCall(s, r, doorOf(r), "elsewhere"), err)
		return
	}
	a.mux.ServeHTTP(s, r)
}

// plain refuses URLs that nobody needs: too long ones, and paths that would
// have to be cleaned first.
func plain(u *url.URL, uri string) error {
	if len(uri) > maxURL {
		return &statusError{http.StatusRequestURITooLong, handover.TooLarge, "",
			fmt.Sprintf("a URL has at most %d bytes; search with POST", maxURL)}
	}
	path := u.EscapedPath()
	bad := !strings.HasPrefix(path, "/") || strings.Contains(path, "//")
	for part := range strings.SplitSeq(path, "/") {
		bad = bad || part == "." || part == ".."
	}
	if bad {
		return &statusError{http.StatusBadRequest, handover.Invalid, "", "a path begins with / and has no //, /./ or /../"}
	}
	return nil
}

func doorOf(r *http.Request) door {
	if p := r.URL.Path; p == "/fhir" || strings.HasPrefix(p, "/fhir/") {
		return fhirDoor{}
	}
	return adminDoor{}
}

// recover answers for a fault of ours. What was thrown is not logged: it may
// hold content.
func (a *API) recover(w *statusWriter, r *http.Request) {
	thrown := recover()
	if thrown == nil {
		return
	}
	a.Log.Error("a request went wrong", "request", w.Header().Get("X-Request-Id"), "path", w.path,
		"thrown", fmt.Sprintf("%T", thrown), "stack", string(debug.Stack()))
	if w.status != 0 {
		panic(http.ErrAbortHandler) // the answer has begun: cut it, so that nobody takes it for whole
	}
	a.newCall(w, r, doorOf(r), w.path).fail(faultOf(&handover.Error{Kind: handover.Internal}))
}

func (a *API) newCall(w http.ResponseWriter, r *http.Request, d door, path string) *call {
	if s, ok := w.(*statusWriter); ok {
		s.path = path
	}
	return &call{Request: r, w: w, door: d, path: path, id: w.Header().Get("X-Request-Id")}
}

// serve goes through what every endpoint asks of a request.
func (a *API) serve(c *call, e endpoint) (err error) {
	if c.params, err = url.ParseQuery(c.URL.RawQuery); err != nil {
		return &statusError{http.StatusBadRequest, handover.Invalid, "", "the query of the URL is not well-formed: check its % escapes, and write & between parameters"}
	}
	if !e.open {
		if c.access, err = a.Access(c.Request); err != nil {
			return err
		}
	}
	if c.atLeast, err = readOffset(c.Header.Get(offsetHeader)); err != nil {
		return err
	}
	return e.act(a, c)
}

// end answers with the error, if there is one.
func (a *API) end(c *call, err error) {
	if err == nil {
		return
	}
	f := faultOf(err)
	gone := errors.Is(c.Context().Err(), context.Canceled) // the client left
	if f.status >= http.StatusInternalServerError && f.status != http.StatusNotImplemented && !gone {
		a.Log.Error("answering a request", "request", c.id, "path", c.path, "error", err)
	}
	c.fail(f)
}

// statusWriter remembers what was answered.
type statusWriter struct {
	http.ResponseWriter
	path   string
	status int
}

// WriteHeader remembers the status.
func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write remembers that the status is 200 where none was written.
func (w *statusWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
