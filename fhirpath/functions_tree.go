package fhirpath

// treeFunctions are N1 §5.8 and §5.9.
var treeFunctions = map[string]*builtin{
	"children":    {run: runChildren},
	"descendants": {run: runDescendants},
	"trace":       {min: 1, max: 2, run: runTrace},
	"now":         {run: runNow},
	"today":       {run: runToday},
	"timeOfDay":   {run: runTimeOfDay},
}

func runChildren(ev *evaluation, c *call, _ scope, in, dst Collection) (Collection, error) {
	var err error
	for i := 0; i < len(in) && err == nil; i++ {
		dst, err = ev.children(c.pos, dst, in[i], "")
	}
	return dst, err
}

// runDescendants returns all nodes below, each parent before its children.
func runDescendants(ev *evaluation, c *call, _ scope, in, dst Collection) (Collection, error) {
	from := len(dst)
	dst, err := runChildren(ev, c, scope{}, in, dst)
	for i := from; i < len(dst) && err == nil; i++ {
		dst, err = ev.children(c.pos, dst, dst[i], "")
	}
	return dst, err
}

func runTrace(ev *evaluation, c *call, sc scope, in, dst Collection) (Collection, error) {
	name, _, err := evalString(ev, c.args[0], sc)
	if err != nil {
		return dst, err
	}
	if ev.ctx.Trace != nil {
		shown := append(Collection(nil), in...)
		if len(c.args) > 1 {
			if shown, err = runSelect(ev, &call{args: c.args[1:]}, sc, in, nil); err != nil {
				return dst, err
			}
		}
		ev.ctx.Trace(name, shown)
	}
	return append(dst, in...), nil
}

func runNow(ev *evaluation, c *call, _ scope, _, dst Collection) (Collection, error) {
	t, err := ev.instant(c.pos)
	if err != nil {
		return dst, err
	}
	return append(dst, DateTimeOf(t)), nil
}

func runToday(ev *evaluation, c *call, _ scope, _, dst Collection) (Collection, error) {
	t, err := ev.instant(c.pos)
	if err != nil {
		return dst, err
	}
	m := moment{year: int16(t.Year()), month: uint8(t.Month()), day: uint8(t.Day()), precision: toDay}
	return append(dst, Date{m}), nil
}

func runTimeOfDay(ev *evaluation, c *call, _ scope, _, dst Collection) (Collection, error) {
	t, err := ev.instant(c.pos)
	if err != nil {
		return dst, err
	}
	m := DateTimeOf(t).m
	m.year, m.month, m.day, m.zoned, m.offset = 0, 1, 1, false, 0
	return append(dst, Time{m}), nil
}
