package meaning

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"

	"handover/record"
)

var (
	metaMember = regexp.MustCompile(`"(versionId|lastUpdated)":"[^"]*",?`)
	emptyMeta  = regexp.MustCompile(`"meta":\{\},?`)
	localID    = regexp.MustCompile(`"([A-Za-z]+)/([a-z2-7]{32})"`)
)

// contents returns the content of resources without ids and meta, sorted. A
// reference is shown by a digest of what it leads to, so that two records are
// alike exactly if they say the same of the same things.
func contents(list []record.Resource) []string {
	bare := make([]string, len(list))
	for i, v := range list {
		text := metaMember.ReplaceAllString(string(v.Content), "")
		text = emptyMeta.ReplaceAllString(text, "")
		bare[i] = strings.Replace(text, `"id":"`+v.ID+`",`, "", 1)
	}
	label := map[string]string{}
	named := func(text string) string {
		return localID.ReplaceAllStringFunc(text, func(s string) string { return `"` + label[strings.Trim(s, `"`)] + `"` })
	}
	for range 4 { // by content alone, then by what that refers to, and so on
		next := map[string]string{}
		for i, v := range list {
			sum := sha256.Sum256([]byte(named(bare[i])))
			next[v.Type+"/"+v.ID] = v.Type + "#" + hex.EncodeToString(sum[:4])
		}
		label = next
	}
	out := make([]string, len(list))
	for i := range list {
		out[i] = named(bare[i])
	}
	slices.Sort(out)
	return out
}
