package config_test

import (
	"bytes"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"handover/config"
	"handover/samples"
)

var update = flag.Bool("update", false, "write what was found as what is wanted")

// TestCheck holds each folder in testdata/check to the problems that its
// `want` lists, in order.
func TestCheck(t *testing.T) {
	files, err := filepath.Glob("testdata/check/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { check(t, file) })
	}
}

func check(t *testing.T, file string) {
	story, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	folder, want := fstest.MapFS{}, -1
	for i, f := range story.Files {
		if f.Name == "want" {
			want = i
			continue
		}
		folder[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	_, err = config.Load(folder)
	got := ""
	if problems, ok := errors.AsType[config.Problems](err); ok {
		got = problems.Error() + "\n"
	} else if err != nil {
		t.Fatal(err)
	}
	if *update {
		story.Files[want].Data = []byte(got)
		if err := os.WriteFile(file, txtar.Format(story), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(story.Files[want].Data), got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

// TestQuickstart: the sample hospital is without fault, and says what it says.
func TestQuickstart(t *testing.T) {
	site, err := config.Load(samples.Quickstart())
	if err != nil {
		t.Fatal(err)
	}
	pas := site.Source("pas")
	if pas == nil || pas.Listen.Host != "127.0.0.1:2575" || pas.Zone.String() != "Europe/London" || pas.Acknowledge != "received" {
		t.Errorf("pas is %+v", pas)
	}
	if clinic := site.Source("clinic"); clinic == nil || clinic.Acknowledge != "recorded" {
		t.Errorf("clinic is %+v", clinic)
	}
	if len(site.Release) != 12 {
		t.Errorf("release %q", site.Release)
	}
}

// TestReleaseFollowsContent: another byte in any file is another release.
func TestReleaseFollowsContent(t *testing.T) {
	folder := fstest.MapFS{"handover.yaml": {Data: []byte("name: A\n")}}
	one, err := config.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	folder["handover.yaml"] = &fstest.MapFile{Data: []byte("name: B\n")}
	other, err := config.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	if one.Release == other.Release {
		t.Error("two contents have one release")
	}
}

// TestSecrets: values come from the environment, and a missing one is named.
func TestSecrets(t *testing.T) {
	folder := fstest.MapFS{"handover.yaml": {Data: []byte("database: postgres://u:${HANDOVER_TEST_SECRET}@localhost/x\n")}}
	_, err := config.Load(folder)
	if err == nil || !strings.Contains(err.Error(), "HANDOVER_TEST_SECRET") {
		t.Fatalf("a missing variable is not named: %v", err)
	}
	t.Setenv("HANDOVER_TEST_SECRET", "synthetic")
	site, err := config.Load(folder)
	if err != nil || site.Database != "postgres://u:synthetic@localhost/x" {
		t.Fatalf("got %v, %v", site, err)
	}
}

// TestTelemetry: where traces go, with what, and how many.
func TestTelemetry(t *testing.T) {
	t.Setenv("HANDOVER_TEST_SECRET", "made:up")
	for text, want := range map[string]*config.Telemetry{
		"name: A\n": nil,
		"telemetry:\n  traces: https://c.example.org:4318\n": {Traces: "https://c.example.org:4318/v1/traces", Share: 1},
		"telemetry:\n  traces: http://127.0.0.1/otlp\n  share: 0.25\n  headers: \"Authorization: Bearer ${HANDOVER_TEST_SECRET}\"\n": {
			Traces: "http://127.0.0.1/otlp", Share: 0.25, Headers: []config.Header{{Name: "Authorization", Value: "Bearer made:up"}}},
		"telemetry:\n  traces: https://c.example.org/\n  tls:\n    authorities: ca.pem\n": {
			Traces: "https://c.example.org/v1/traces", Share: 1, TLS: &config.ClientTLS{Authorities: "ca.pem"}},
	} {
		site, err := config.Load(fstest.MapFS{"handover.yaml": {Data: []byte(text)}})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, site.Telemetry); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

// TestReference holds docs/guide/configuration.md to the table of keys.
func TestReference(t *testing.T) {
	path := filepath.Join("..", "docs", "guide", "configuration.md")
	want := config.Reference()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("%s is not what the table says (%v); run go test ./config -update", path, err)
	}
}

// FuzzLoad: any bytes as any file give a Site or Problems with lines inside
// the file, and never a panic.
func FuzzLoad(f *testing.F) {
	_ = fs.WalkDir(samples.Quickstart(), ".", func(name string, d fs.DirEntry, err error) error {
		if data, err := fs.ReadFile(samples.Quickstart(), name); err == nil && strings.HasSuffix(name, ".yaml") {
			f.Add(data)
		}
		return nil
	})
	f.Add([]byte("a: &x [*x]\n"))
	f.Add([]byte("? [a]\n: b\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, name := range []string{"handover.yaml", "sources/a.yaml", "routes/a.yaml"} {
			_, err := config.Load(fstest.MapFS{name: {Data: data}})
			problems, ok := errors.AsType[config.Problems](err)
			if err != nil && !ok {
				t.Fatal(err)
			}
			for _, p := range problems {
				if p.File == name && (p.Line < 1 || p.Line > bytes.Count(data, []byte("\n"))+bytes.Count(data, []byte("\r"))+2) {
					t.Errorf("line %d is not in the file", p.Line)
				}
			}
		}
	})
}
