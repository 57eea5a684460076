package bench

import (
	"context"
	"errors"
	"net/url"
	"time"

	"handover/app"
	"handover/config"
)

// site is the configuration of the measured engine. Without the record no route
// takes any message: they wait for a decision, and doors and journal work alone.
func site(record bool) *config.Site {
	s := &config.Site{Name: "bench", HTTP: "127.0.0.1:0", Release: "bench", Precedence: []string{wards, clinic, lab}}
	for _, name := range []string{clinic, lab, wards} {
		s.Sources = append(s.Sources, config.Source{
			Name: name, Listen: &url.URL{Scheme: "mllp", Host: "127.0.0.1:0"}, Acknowledge: "received",
			Zone: time.UTC, Authorities: []string{"BENCH"}, Owns: map[string][]string{wards: {"Patient", "Encounter"}}[name],
		})
	}
	if record {
		s.Routes = []config.Route{{Name: "record", From: []string{clinic, lab, wards}, To: []config.Target{{Record: true}}}}
	}
	return s
}

// withEngine runs do beside a running engine.
func withEngine(ctx context.Context, dir string, s *config.Site, do func(context.Context, *app.Engine) error) error {
	e, err := app.Open(ctx, app.Config{Site: s, Dir: dir})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ended := make(chan error, 1)
	go func() {
		err := e.Run(ctx)
		cancel(errors.New("the engine stopped"))
		ended <- err
	}()
	err = do(ctx, e)
	cancel(nil)
	return errors.Join(err, <-ended, e.Close())
}
