package fhirpath

// existenceFunctions are N1 §5.1, and not() of §6.5.
var existenceFunctions = map[string]*builtin{
	"empty":      {run: runEmpty},
	"exists":     {max: 1, run: runExists},
	"not":        {run: runNot},
	"all":        {min: 1, max: 1, run: runAll},
	"allTrue":    allAre(isTrue),
	"allFalse":   allAre(isFalse),
	"anyTrue":    anyIs(isTrue),
	"anyFalse":   anyIs(isFalse),
	"subsetOf":   {min: 1, max: 1, run: runSubsetOf},
	"supersetOf": {min: 1, max: 1, run: runSupersetOf},
	"count":      {run: runCount},
	"distinct":   {run: runDistinct},
	"isDistinct": {run: runIsDistinct},
}

func runEmpty(_ *evaluation, _ *call, _ scope, in, dst Collection) (Collection, error) {
	return append(dst, Boolean(len(in) == 0)), nil
}

func runExists(ev *evaluation, c *call, sc scope, in, dst Collection) (Collection, error) {
	found := len(in) > 0
	if len(c.args) > 0 {
		found = false
		err := ev.each(c, sc, in, func(_ int, t truth) bool {
			found = t == isTrue
			return !found
		})
		if err != nil {
			return dst, err
		}
	}
	return append(dst, Boolean(found)), nil
}

func runNot(_ *evaluation, c *call, _ scope, in, dst Collection) (Collection, error) {
	t, err := truthOfCollection(c.pos, in)
	return t.not().append(dst), err
}

func runAll(ev *evaluation, c *call, sc scope, in, dst Collection) (Collection, error) {
	all := true
	err := ev.each(c, sc, in, func(_ int, t truth) bool {
		all = t == isTrue
		return all
	})
	return append(dst, Boolean(all)), err
}

// allAre is allTrue and allFalse: true also for no item.
func allAre(want truth) *builtin {
	return &builtin{run: func(_ *evaluation, c *call, _ scope, in, dst Collection) (Collection, error) {
		n, err := countBooleans(c, in, want)
		return append(dst, Boolean(n == len(in))), err
	}}
}

// anyIs is anyTrue and anyFalse.
func anyIs(want truth) *builtin {
	return &builtin{run: func(_ *evaluation, c *call, _ scope, in, dst Collection) (Collection, error) {
		n, err := countBooleans(c, in, want)
		return append(dst, Boolean(n > 0)), err
	}}
}

func countBooleans(c *call, in Collection, want truth) (n int, err error) {
	for _, item := range in {
		v, _ := item.Value()
		b, ok := v.(Boolean)
		if !ok {
			return 0, c.errorf("%s() works on Booleans, got %s", c.name, item.Type())
		}
		if truthOf(bool(b)) == want {
			n++
		}
	}
	return n, nil
}

func runSubsetOf(ev *evaluation, c *call, sc scope, in, dst Collection) (Collection, error) {
	other, err := ev.argument(c, 0, sc)
	defer func() { ev.giveBack(other) }()
	if err != nil {
		return dst, err
	}
	return ev.appendSubset(c.pos, in, other, dst)
}

func runSupersetOf(ev *evaluation, c *call, sc scope, in, dst Collection) (Collection, error) {
	other, err := ev.argument(c, 0, sc)
	defer func() { ev.giveBack(other) }()
	if err != nil {
		return dst, err
	}
	return ev.appendSubset(c.pos, other, in, dst)
}

func (ev *evaluation) appendSubset(p pos, part, whole, dst Collection) (Collection, error) {
	set := newSet(ev, p)
	if err := set.addAll(whole); err != nil {
		return dst, err
	}
	for _, n := range part {
		if has, err := set.has(n); err != nil || !has {
			return append(dst, Boolean(false)), err
		}
	}
	return append(dst, Boolean(true)), nil
}

func runCount(_ *evaluation, _ *call, _ scope, in, dst Collection) (Collection, error) {
	return append(dst, Integer(len(in))), nil
}

func runDistinct(ev *evaluation, c *call, _ scope, in, dst Collection) (Collection, error) {
	return newSet(ev, c.pos).appendNew(in, dst)
}

func runIsDistinct(ev *evaluation, c *call, _ scope, in, dst Collection) (Collection, error) {
	set := newSet(ev, c.pos)
	for _, n := range in {
		if added, err := set.add(n); err != nil || !added {
			return append(dst, Boolean(false)), err
		}
	}
	return append(dst, Boolean(true)), nil
}

// set finds items that are equal (=). Strings, by far the most frequent, are
// found by their text; all else by comparing.
type set struct {
	ev    *evaluation
	pos   pos
	texts map[String]struct{}
	rest  Collection
}

func newSet(ev *evaluation, p pos) *set { return &set{ev: ev, pos: p} }

func (s *set) has(n Node) (bool, error) {
	if v, ok := n.Value(); ok {
		if text, ok := v.(String); ok {
			_, has := s.texts[text]
			return has, s.ev.spend(s.pos, 1)
		}
	}
	return s.ev.contains(s.pos, s.rest, n)
}

// add is false where an equal item is there already.
func (s *set) add(n Node) (bool, error) {
	if has, err := s.has(n); has || err != nil {
		return false, err
	}
	if v, ok := n.Value(); ok {
		if text, ok := v.(String); ok {
			if s.texts == nil {
				s.texts = map[String]struct{}{}
			}
			s.texts[text] = struct{}{}
			return true, nil
		}
	}
	s.rest = append(s.rest, n)
	return true, nil
}

func (s *set) addAll(c Collection) error {
	for _, n := range c {
		if _, err := s.add(n); err != nil {
			return err
		}
	}
	return nil
}

// appendNew appends to dst those of c that were not in the set.
func (s *set) appendNew(c, dst Collection) (Collection, error) {
	for _, n := range c {
		added, err := s.add(n)
		if err != nil {
			return dst, err
		}
		if added {
			dst = append(dst, n)
		}
	}
	return dst, nil
}
