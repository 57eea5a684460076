package config

import (
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones, on machines that have none

	"handover/internal/near"
)

// block is a mapping that was held against the table of keys: what it says, by
// key, with defaults filled in and everything else reported.
type block struct {
	file     string
	line     int
	keys     []Key
	given    map[string]pair
	problems *Problems
}

// readBlock checks the mapping's keys against the table.
func readBlock(file string, n node, keys []Key, problems *Problems) block {
	b := block{file, n.line, keys, map[string]pair{}, problems}
	if n.shape != mapNode && n.shape != emptyNode {
		b.add(n.line, "keys are expected here, as in `name: value`")
		return b
	}
	for _, p := range n.pairs {
		i := slices.IndexFunc(keys, func(k Key) bool { return k.Name == p.key })
		if i < 0 {
			b.add(p.line, fmt.Sprintf("no key %q here; %s", p.key, suggest(p.key, keys)))
			continue
		}
		b.given[p.key] = p
	}
	for _, k := range keys {
		if _, ok := b.given[k.Name]; k.Required && !ok {
			b.add(n.line, fmt.Sprintf("key %q is missing: %s", k.Name, k.Says))
		}
	}
	return b
}

func (b block) add(line int, text string) {
	*b.problems = append(*b.problems, Problem{b.file, line, text})
}

func (b block) key(name string) Key {
	return b.keys[slices.IndexFunc(b.keys, func(k Key) bool { return k.Name == name })]
}

// lineOf returns the line of a key, and the block's where it is not given.
func (b block) lineOf(name string) int {
	if p, ok := b.given[name]; ok {
		return p.line
	}
	return b.line
}

// text returns a single value; the default where the key is not given.
func (b block) text(name string) string {
	k := b.key(name)
	p, ok := b.given[name]
	if !ok || p.value.shape == emptyNode {
		return k.Default
	}
	if p.value.shape != scalarNode {
		b.add(p.line, fmt.Sprintf("key %q takes one value", name))
		return k.Default
	}
	b.checkScalar(k, p.value)
	return p.value.scalar
}

var wordPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`)

func (b block) checkScalar(k Key, n node) {
	switch {
	case (k.Shape == Word || k.Shape == Words || k.Shape == Either) && !wordPattern.MatchString(n.scalar):
		b.add(n.line, fmt.Sprintf("%s: a name takes letters, digits, - and _", k.Name))
	case k.Values != nil && !slices.Contains(k.Values, n.scalar):
		b.add(n.line, fmt.Sprintf("%s: %q is none of: %s", k.Name, n.scalar, strings.Join(k.Values, ", ")))
	}
}

// located is a value with the line it stands on.
type located struct {
	text string
	line int
}

// texts returns a list of values; one value alone counts as a list of one.
func (b block) texts(name string) []located {
	k := b.key(name)
	p, ok := b.given[name]
	if !ok || p.value.shape == emptyNode {
		return nil
	}
	return b.scalars(k, p.value)
}

func (b block) scalars(k Key, n node) []located {
	items := n.list
	if n.shape == scalarNode {
		items = []node{n}
	}
	if n.shape == mapNode {
		b.add(n.line, fmt.Sprintf("key %q takes a list", k.Name))
	}
	var out []located
	for _, item := range items {
		if item.shape != scalarNode {
			b.add(item.line, fmt.Sprintf("%s: a single value is expected here", k.Name))
			continue
		}
		b.checkScalar(k, item)
		out = append(out, located{item.scalar, item.line})
	}
	return out
}

// blocks returns the mappings of a list.
func (b block) blocks(name string) []block {
	p, ok := b.given[name]
	if !ok || p.value.shape == emptyNode {
		return nil
	}
	if p.value.shape != listNode {
		b.add(p.line, fmt.Sprintf("key %q takes a list of blocks, each beginning with `-`", name))
		return nil
	}
	var out []block
	for _, item := range p.value.list {
		out = append(out, readBlock(b.file, item, b.key(name).Keys, b.problems))
	}
	return out
}

// either returns the words and the mappings of a list that may hold both; one word
// alone counts as a list of one.
func (b block) either(name string) (words []located, blocks []block) {
	k := b.key(name)
	p, ok := b.given[name]
	if !ok || p.value.shape == emptyNode {
		return nil, nil
	}
	items := p.value.list
	if p.value.shape != listNode {
		items = []node{p.value}
	}
	for _, item := range items {
		if item.shape == mapNode {
			blocks = append(blocks, readBlock(b.file, item, k.Keys, b.problems))
			continue
		}
		words = append(words, b.scalars(k, item)...)
	}
	return words, blocks
}

// flag returns whether the value is true.
func (b block) flag(name string) bool {
	s := b.text(name)
	if s != "true" && s != "false" {
		b.add(b.lineOf(name), fmt.Sprintf("%s: true or false is expected", name))
	}
	return s == "true"
}

// block returns the mapping below a key, and whether it was given; if not, with
// its defaults.
func (b block) block(name string) (block, bool) {
	p, ok := b.given[name]
	if !ok {
		return readBlock(b.file, node{line: b.line, shape: emptyNode}, b.key(name).Keys, &Problems{}), false
	}
	return readBlock(b.file, p.value, b.key(name).Keys, b.problems), true
}

func (b block) number(name string) int {
	n, err := strconv.Atoi(b.text(name))
	if err != nil || n < 0 {
		b.add(b.lineOf(name), fmt.Sprintf("%s: a whole number is expected", name))
	}
	return n
}

// span returns a span of time; 0 for "forever".
func (b block) span(name string) time.Duration {
	d, err := parseSpan(b.text(name))
	if err != nil {
		b.add(b.lineOf(name), fmt.Sprintf("%s: %v", name, err))
	}
	return d
}

// readSilence returns how long a source may be silent; 0: by its habit, negative: for
// ever.
func readSilence(b block) time.Duration {
	switch s := b.text("silence"); s {
	case "auto":
		return 0
	case "never", "forever":
		return -1
	default:
		d, err := parseSpan(s)
		if err != nil {
			b.add(b.lineOf("silence"), fmt.Sprintf("silence: %q is none of: a span of time as in 30m, never, auto", s))
		}
		return d
	}
}

func readAlerts(b block) (a Alerts) {
	a.Webhook = b.expanded("webhook")
	if u, err := url.Parse(a.Webhook); a.Webhook != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		b.add(b.lineOf("webhook"), "webhook: no URL; write it as in https://alerts.example.org/handover")
	}
	e, given := b.block("email")
	if !given {
		return a
	}
	a.Email = &Email{To: plain(e.texts("to")), From: e.text("from"), Server: e.text("server"), User: e.text("user"), Password: e.expanded("password")}
	for _, t := range append(e.texts("to"), located{a.Email.From, e.lineOf("from")}) {
		if _, err := mail.ParseAddress(t.text); err != nil && t.text != "" {
			e.add(t.line, fmt.Sprintf("email: %q is no address", t.text))
		}
	}
	if _, _, err := net.SplitHostPort(a.Email.Server); err != nil && a.Email.Server != "" {
		e.add(e.lineOf("server"), fmt.Sprintf("server: %q lacks a port, as in mail.example.org:587", a.Email.Server))
	}
	return a
}

func parseSpan(s string) (time.Duration, error) {
	if s == "forever" {
		return 0, nil
	}
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.Atoi(days)
		if err == nil && n > 0 && n <= 36500 {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	} else if d, err := time.ParseDuration(s); err == nil && d > 0 {
		return d, nil
	}
	return 0, fmt.Errorf("%q is no span of time; write 30s, 15m, 24h, 90d or forever", s)
}

func (b block) size(name string) int64 {
	n, err := parseSize(b.text(name))
	if err != nil {
		b.add(b.lineOf(name), fmt.Sprintf("%s: %v", name, err))
	}
	return n
}

var sizeUnits = []struct {
	suffix string
	factor int64
}{{"TB", 1 << 40}, {"GB", 1 << 30}, {"MB", 1 << 20}, {"KB", 1 << 10}, {"B", 1}, {"", 1}}

func parseSize(s string) (int64, error) {
	for _, u := range sizeUnits {
		digits, ok := strings.CutSuffix(s, u.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
		if err == nil && n >= 0 && n <= (1<<62)/u.factor {
			return n * u.factor, nil
		}
		break
	}
	return 0, fmt.Errorf("%q is no amount of bytes; write 512, 64KB, 100MB or 2GB", s)
}

func (b block) zone(name string) *time.Location {
	s := b.text(name)
	if s == "" {
		return nil
	}
	loc, err := time.LoadLocation(s)
	if err != nil || s == "Local" {
		b.add(b.lineOf(name), fmt.Sprintf("%s: no time zone is called %q; write it as in Europe/London", name, s))
		return nil
	}
	return loc
}

func (b block) networks(name string) []netip.Prefix {
	var out []netip.Prefix
	for _, t := range b.texts(name) {
		prefix, err := netip.ParsePrefix(t.text)
		if addr, addrErr := netip.ParseAddr(t.text); addrErr == nil {
			prefix, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil {
			b.add(t.line, fmt.Sprintf("%s: %q is no address or network; write 10.1.2.3 or 10.1.0.0/16", name, t.text))
			continue
		}
		out = append(out, prefix)
	}
	return out
}

var environmentPattern = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// expanded returns a text in which ${NAME} stands for the environment's value,
// so that secrets need not stand in the file.
func (b block) expanded(name string) string {
	return b.expand(name, located{b.text(name), b.lineOf(name)})
}

func (b block) expand(name string, t located) string {
	return environmentPattern.ReplaceAllStringFunc(t.text, func(ref string) string {
		variable := environmentPattern.FindStringSubmatch(ref)[1]
		value, ok := os.LookupEnv(variable)
		if !ok {
			b.add(t.line, fmt.Sprintf("%s: the environment has no %s", name, variable))
		}
		return value
	})
}

// suggest names the key that was probably meant, or all there are.
func suggest(wrong string, keys []Key) string {
	best, at := 3, ""
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.Name
		if d := near.Distance(wrong, k.Name); d < best {
			best, at = d, k.Name
		}
	}
	if at != "" {
		return fmt.Sprintf("did you mean %q?", at)
	}
	return "there are: " + strings.Join(names, ", ")
}
