package meaning

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"handover/hl7v2"
)

var update = flag.Bool("update", false, "write want.json and want.log of the stories again")

// In how many other orders of arrival stories and the day are told.
const (
	storyShuffles = 6
	dayShuffles   = 100
)

// message is one message of a story.
type message struct {
	name, source string
	data         []byte
}

// messages returns the story's messages in order.
func messages(t testing.TB, story *txtar.Archive) []message {
	t.Helper()
	var out []message
	for _, f := range story.Files {
		name, ok := strings.CutSuffix(f.Name, ".hl7")
		if !ok {
			continue
		}
		parts := strings.SplitN(name, "-", 3)
		if len(parts) < 2 {
			t.Fatalf("%s: a message is called NUMBER-SOURCE.hl7 or NUMBER-SOURCE-WHAT.hl7", f.Name)
		}
		text := bytes.ReplaceAll(bytes.TrimSpace(f.Data), []byte("\n"), []byte("\r"))
		out = append(out, message{name, parts[1], append(text, '\r')})
	}
	return out
}

func TestStories(t *testing.T) {
	waiting := readWaiting(t)
	tellAll(t, "testdata/story/*.txtar", storyShuffles, waiting)
	tellAll(t, "testdata/day/*.txtar", dayShuffles, waiting)
	for name := range waiting {
		if strings.HasPrefix(name, "corpus/") {
			continue // of the tests over real messages
		}
		t.Errorf("testdata/waiting.txt: there is no story %s", name)
	}
}

// tellAll tells stories, and takes them off the waiting list.
func tellAll(t *testing.T, pattern string, shuffles int, waiting map[string]string) {
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, p := range paths {
		name := strings.TrimSuffix(filepath.Base(p), ".txtar")
		reason, waits := waiting[name]
		delete(waiting, name)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			faults := tell(t, p, shuffles, waits)
			switch {
			case waits && len(faults) == 0:
				t.Errorf("the story passes: take it off testdata/waiting.txt (%s)", reason)
			case waits:
				t.Logf("waits: %s", reason)
			default:
				for _, f := range faults {
					t.Error(f)
				}
			}
		})
	}
}

// readWaiting reads the stories that are known to fail: "name: reason" a line.
func readWaiting(t *testing.T) map[string]string {
	t.Helper()
	data, err := os.ReadFile("testdata/waiting.txt")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, reason, ok := strings.Cut(line, ": ")
		if !ok {
			t.Fatalf("testdata/waiting.txt: %q has no reason", line)
		}
		out[name] = reason
	}
	return out
}

// tell tells the story and returns what is not as it should be. The answers of
// a story that waits are never written again: they say what should be.
func tell(t *testing.T, file string, shuffles int, waits bool) (faults []string) {
	t.Helper()
	story, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	site, list := readSite(t, story), messages(t, story)
	h := openHospital(t, site)
	for _, m := range list {
		h.hear(m)
	}
	got := map[string][]byte{"want.json": h.answers(story), "want.log": h.log()}
	if *update && !waits {
		write(t, file, story, got)
	}
	for _, f := range story.Files {
		if text, asked := got[f.Name]; asked && !bytes.Equal(text, f.Data) {
			faults = append(faults, f.Name+" (-want +got):\n"+cmp.Diff(string(f.Data), string(text)))
		}
	}
	want := contents(h.resources())
	if again := contents(h.rebuilt().resources()); !slices.Equal(again, want) {
		faults = append(faults, "rebuilt from the facts (-as composed +rebuilt):\n"+cmp.Diff(want, again))
	}
	faults = append(faults, h.resent(list)...)
	if has(story, "order-matters") {
		return faults
	}
	for seed := range uint64(shuffles) { // of the order of arrival
		random := rand.New(rand.NewPCG(seed, 5))
		random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		other := openHospital(t, site)
		for _, m := range list {
			other.hear(m)
		}
		if again := contents(other.resources()); !slices.Equal(again, want) {
			faults = append(faults, "in the order "+order(list)+" (-as told +shuffled):\n"+cmp.Diff(want, again))
			break
		}
	}
	return faults
}

// resent sends every message of the story again under another control id, in
// order: old news of what is known changes nothing. It tells what got a version.
func (h *hospital) resent(list []message) (faults []string) {
	h.t.Helper()
	for _, m := range list {
		parsed, _ := hl7v2.Parse(m.data)
		again, err := parsed.Set("MSH-10", "SENT-AGAIN")
		if err != nil {
			h.t.Fatalf("%s: %v", m.name, err)
		}
		h.hear(message{m.name + " sent again", m.source, again.Bytes()})
		said := h.heard[len(h.heard)-1]
		unnamed := namedByMessage(said.asserted)
		for _, w := range said.writes.Writes {
			if !slices.ContainsFunc(w.Handles, func(handle string) bool { return unnamed[handle] }) {
				faults = append(faults, fmt.Sprintf("%s, sent again, wrote %s version %d", m.name, w.Type, w.Version))
			}
		}
	}
	return faults
}

func order(list []message) string {
	var names []string
	for _, m := range list {
		names = append(names, m.name)
	}
	return strings.Join(names, ", ")
}

func has(story *txtar.Archive, file string) bool {
	return slices.ContainsFunc(story.Files, func(f txtar.File) bool { return f.Name == file })
}

// write puts the answers into the story's file.
func write(t *testing.T, file string, story *txtar.Archive, answers map[string][]byte) {
	t.Helper()
	for i := range story.Files {
		if text, ok := answers[story.Files[i].Name]; ok {
			story.Files[i].Data = text
		}
	}
	if err := os.WriteFile(file, txtar.Format(story), 0o644); err != nil {
		t.Fatal(err)
	}
}
