package fhirpath

import (
	"errors"
	"regexp"
	"sync"
	"time"
)

// evaluation is one run of an expression: what bounds it, and the buffers that
// its parts share so that paths do not allocate.
type evaluation struct {
	ctx     Context
	expr    *Expr
	left    int // steps
	now     time.Time
	hasNow  bool
	free    []Collection
	regexps map[string]*regexp.Regexp
}

var evaluations = sync.Pool{New: func() any { return new(evaluation) }}

func newEvaluation(e *Expr, ctx *Context) *evaluation {
	ev := evaluations.Get().(*evaluation)
	ev.ctx, ev.expr, ev.left = *ctx, e, ctx.MaxSteps
	if ev.left <= 0 {
		ev.left = DefaultSteps
	}
	return ev
}

func (ev *evaluation) release() {
	ev.ctx, ev.expr, ev.hasNow, ev.regexps = Context{}, nil, false, nil
	evaluations.Put(ev)
}

// spend counts n steps.
func (ev *evaluation) spend(p pos, n int) error {
	if ev.left -= n; ev.left < 0 {
		return p.errorf("evaluation takes too many steps: make the expression narrower")
	}
	return nil
}

// maxKept is the size beyond which a buffer is left to the collector.
const maxKept = 1 << 12

// buffer returns an empty collection to fill; giveBack returns it once nothing
// holds it any more.
func (ev *evaluation) buffer() Collection {
	if n := len(ev.free); n > 0 {
		c := ev.free[n-1]
		ev.free = ev.free[:n-1]
		return c
	}
	return make(Collection, 0, 8)
}

func (ev *evaluation) giveBack(c Collection) {
	if cap(c) == 0 || cap(c) > maxKept {
		return
	}
	ev.free = append(ev.free, emptied(c))
}

// emptied returns c without items, and without holding on to any.
func emptied(c Collection) Collection {
	clear(c)
	return c[:0]
}

// input evaluates what a function or operator works on: focus, or $this. The
// result is to be given back.
func (ev *evaluation) input(focus expression, sc scope) (Collection, error) {
	b := ev.buffer()
	if focus == nil {
		if sc.this != nil {
			b = append(b, sc.this)
		}
		return b, nil
	}
	return focus.eval(ev, sc, b)
}

// children appends the children of n of that name to dst.
func (ev *evaluation) children(p pos, dst Collection, n Node, name string) (Collection, error) {
	before := len(dst)
	dst = n.Children(dst, name)
	return dst, ev.spend(p, 1+len(dst)-before)
}

// isA reports whether the node's type is want or specialises it.
func (ev *evaluation) isA(n Node, want TypeName) bool {
	if want.Name == typeAny.Name && want.Namespace == typeAny.Namespace {
		return true
	}
	return isA(ev.expr.model, n.Type(), want)
}

// instant is now(), the same throughout one evaluation (N1 §5.9).
func (ev *evaluation) instant(p pos) (time.Time, error) {
	if ev.ctx.Now == nil {
		return time.Time{}, p.errorf("the time is not known here: now(), today() and timeOfDay() cannot be used")
	}
	if !ev.hasNow {
		ev.now, ev.hasNow = ev.ctx.Now(), true
	}
	return ev.now, nil
}

// single returns the only item of c, and nil where there is none.
func single(p pos, c Collection) (Node, error) {
	switch len(c) {
	case 0:
		return nil, nil
	case 1:
		return c[0], nil
	}
	return nil, p.errorf("expected a single item, got %d", len(c))
}

// singleValue is single for what has to be a System value.
func singleValue(p pos, c Collection) (Value, error) {
	n, err := single(p, c)
	if n == nil || err != nil {
		return nil, err
	}
	v, ok := n.Value()
	if !ok {
		return nil, p.errorf("expected a value, got %s", n.Type())
	}
	return v, nil
}

// locate gives an error from outside, of the function name, the place p.
func locate(p pos, name string, err error) error {
	if _, ok := errors.AsType[*Error](err); ok || err == nil {
		return err
	}
	return &Error{int(p.line), int(p.column), name + ": " + err.Error(), err}
}
