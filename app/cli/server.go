package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"handover"
)

// serverFlag is the engine that a command asks.
type serverFlag struct {
	Server string `env:"HANDOVER_SERVER" default:"http://127.0.0.1:8080" help:"The running engine to ask."`
}

// get reads JSON from the admin API into v.
func (s serverFlag) get(ctx context.Context, path string, query url.Values, v any) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.target(path, query), nil)
	if err != nil {
		return &handover.Error{Op: "reading --server", Kind: handover.Usage, Err: err}
	}
	answer, err := s.ask(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	return json.NewDecoder(answer.Body).Decode(v)
}

// post asks the engine to do something, which takes as long as it takes. The body is
// JSON; nil: there is none.
func (s serverFlag) post(ctx context.Context, path string, body any) (*http.Response, error) {
	var content bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&content).Encode(body); err != nil {
			return nil, err
		}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.target(path, nil), &content)
	if err != nil {
		return nil, &handover.Error{Op: "reading --server", Kind: handover.Usage, Err: err}
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return s.ask(request)
}

// target is a path of the admin API.
func (s serverFlag) target(path string, query url.Values) string {
	target := strings.TrimSuffix(s.Server, "/") + "/api/v1/" + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	return target
}

// ask returns the answer if it is 200.
func (s serverFlag) ask(request *http.Request) (*http.Response, error) {
	answer, err := http.DefaultClient.Do(request)
	if ctx := request.Context(); ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, &handover.Error{Op: "asking the engine at " + s.Server, Kind: handover.Unavailable,
			Err: errors.New("nothing answers there; is `handover run` running? --server names another")}
	}
	if answer.StatusCode != http.StatusOK {
		defer answer.Body.Close()
		return nil, refusal(answer)
	}
	return answer, nil
}

// refusal turns an error answer of the admin API into an error of its kind.
func refusal(answer *http.Response) error {
	var said struct {
		Title  string `json:"title"`
		Detail string `json:"detail"`
		Where  string `json:"where"`
	}
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	if json.Unmarshal(text, &said) != nil || said.Detail == "" {
		said.Detail = answer.Status
	}
	kind := handover.Internal
	for k := handover.Internal; k <= handover.Usage; k++ {
		if k.String() == said.Title {
			kind = k
		}
	}
	return &handover.Error{Kind: kind, Where: said.Where, Err: errors.New(said.Detail)}
}
