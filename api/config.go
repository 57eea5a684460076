package api

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"handover"
	"handover/config"
	"handover/deliver"
	"handover/journal"
	"handover/record"
	"handover/trace"
	"handover/wire/mllp"
)

// Resources gives resources and their versions; *record.Record does.
type Resources interface {
	Read(ctx context.Context, access handover.Access, atLeast handover.Offset, resourceType, id string) (record.Resource, error)
	VRead(ctx context.Context, access handover.Access, atLeast handover.Offset, resourceType, id string, version int64) (record.Resource, error)
	History(ctx context.Context, access handover.Access, atLeast handover.Offset, resourceType, id string, count int, after string) (record.Page, error)
}

// Record is the record as it is asked for here; *record.Record is one.
type Record interface {
	Resources
	Search(ctx context.Context, access handover.Access, q record.Query) (record.Page, error)
	Lineage(ctx context.Context, access handover.Access, atLeast handover.Offset, resourceType, id string, version int64) (record.Lineage, error)
	Heard(ctx context.Context, access handover.Access, atLeast handover.Offset, resourceType, source string, fn func(record.Heard) error) error
	Spoke(ctx context.Context, list []record.Resource) ([][]string, error)
	Applied() handover.Offset
}

// Messages finds messages; *trace.Trace does.
type Messages interface {
	Search(ctx context.Context, access handover.Access, q trace.Query) ([]trace.Message, error)
	Message(ctx context.Context, access handover.Access, offset handover.Offset) (trace.Message, error)
	Story(ctx context.Context, access handover.Access, offset handover.Offset) (trace.Story, error)
}

// Trace is the trace as it is asked for here; *trace.Trace is one.
type Trace interface {
	Messages
	Counts(ctx context.Context, since time.Time) (map[string]map[handover.State]int64, error)
	Applied(ctx context.Context) (handover.Offset, error)
}

// Journal gives facts and their bodies; *journal.Journal does.
type Journal interface {
	Get(ctx context.Context, access handover.Access, at handover.Offset) (handover.Entry, error)
	Open(ctx context.Context, access handover.Access, at handover.Offset) (journal.Content, error)
	Tail() handover.Offset
}

// Deliveries are what is to be sent; *deliver.Deliverer has them.
type Deliveries interface {
	List(ctx context.Context, access handover.Access, q deliver.Query) ([]deliver.Entry, error)
	Pause(ctx context.Context, by handover.Access, p handover.Pause) error
	Resume(ctx context.Context, by handover.Access, p handover.Pause) error
	Paused(p handover.Pause) (h deliver.Halt, paused bool)
	Statuses(ctx context.Context) ([]deliver.Status, error)
	Park(ctx context.Context, by handover.Access, id handover.DeliveryID, why string) error
	Release(ctx context.Context, by handover.Access, id handover.DeliveryID, why string) error
	Resend(ctx context.Context, by handover.Access, message handover.Offset, to []string, edited []byte, why string) (handover.Offset, error)
	Cancel(ctx context.Context, by handover.Access, id handover.DeliveryID, why string) error
}

// The defaults of Config.
const (
	DefaultTimeout = 30 * time.Second
	DefaultWait    = 5 * time.Second
)

// Config says what is shown, and to whom. Record, Trace, Journal, Documents,
// Deliveries, Balance and Alerts are needed.
type Config struct {
	Record     Record
	Trace      Trace
	Journal    Journal
	Documents  Documents
	Deliveries Deliveries
	Balance    Balance
	Alerts     Alerts
	// Site is what /api/v1/sources and /api/v1/routes show; nil: nothing.
	Site *config.Site
	// Access says by what right a request reads. An error refuses it: Denied
	// gives 403. nil: requests are served, and see nothing.
	Access func(*http.Request) (handover.Access, error)
	// Base is the FHIR base as clients know it, "https://host/fhir"; "" takes
	// it from each request.
	Base string
	// Version is the program's, for metadata and openapi.json.
	Version string
	// Ready says why requests cannot be served yet; nil: only whether the
	// trace answers counts.
	Ready func(context.Context) error
	// Listeners returns the counts of the MLLP listeners, by source; nil: none.
	Listeners func() map[string]mllp.Counts
	// Beside is what else the caller serves at this address, under /api/v1, for
	// openapi.json to tell of.
	Beside []Beside
	// Collectors are shown at /metrics beside those of this package. They must
	// not hold patient data.
	Collectors []prometheus.Collector
	// PageKey (32 bytes) seals the links to the next page of a search that was
	// posted; nil makes one for the life of this API. Others with the same key
	// read each other's links.
	PageKey []byte
	// Timeout bounds the work on one request; 0: DefaultTimeout.
	Timeout time.Duration
	// Wait bounds how long a request waits for the offset that it names; 0:
	// DefaultWait.
	Wait time.Duration
	Now  func() time.Time // nil: time.Now
	Log  *slog.Logger     // nil: nothing is logged
}

// Beside is a request that is answered beside this API.
type Beside struct {
	Method, Path, Summary string
	Media                 string // of the answer
	Errors                []int  // statuses
}

func (c *Config) setDefaults() {
	if c.Access == nil {
		c.Access = func(*http.Request) (handover.Access, error) { return handover.Access{}, nil }
	}
	if c.Version == "" {
		c.Version = "unknown"
	}
	if c.Ready == nil {
		c.Ready = func(context.Context) error { return nil }
	}
	if c.Listeners == nil {
		c.Listeners = func() map[string]mllp.Counts { return nil }
	}
	if c.Site == nil {
		c.Site = &config.Site{}
	}
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	if c.Wait == 0 {
		c.Wait = DefaultWait
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
}
