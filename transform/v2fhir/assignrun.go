package v2fhir

import "handover/hl7v2"

// assign writes an assigned value: a constant, joined parts, or a function.
func (r *run) assign(rl *rule, ctx *context, at *spot, pos position, v hl7v2.Value) {
	if rl.constantJSON != nil {
		r.scalar(rl, rl.constantJSON, at, pos, false)
		return
	}
	if fn := rl.set[0].fn; len(rl.set) == 1 && fn != nil {
		if fn.refers {
			r.referTo(rl, rl.set[0].args, at, pos)
			return
		}
		text, reason := fn.call(r, ctx, rl.set[0].args)
		if reason != "" {
			r.leave(pos, reason)
		}
		r.put(rl, text, at, pos, true)
		return
	}
	text, ok := join(rl.set, ctx)
	if !ok {
		return
	}
	real := false
	for i := range rl.set {
		real = real || rl.set[i].ref != nil
	}
	if rl.table != nil {
		r.translateText(rl, text, "", at, pos)
		return
	}
	r.put(rl, text, at, pos, real)
}

// referTo makes a reference to a resource of the message: ref(Patient[1]).
func (r *run) referTo(rl *rule, args []argument, at *spot, pos position) {
	to := r.lookup(instanceOf(args[0].name))
	if to == nil {
		return
	}
	n := r.node(at)
	if n == nil {
		return
	}
	r.point(n, at.res, 0, to)
	n.rule, n.from, n.real, n.link = rl.id, pos, true, true
}
