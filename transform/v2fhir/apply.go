package v2fhir

import (
	"handover/hl7v2"
)

// rules runs a segment map over a segment.
func (r *run) rules(p *segmentPlan, ctx *context, res *resource) {
	use := r.usage(ctx.seg)
	for i, bits := range p.named {
		use.named[i] |= bits
	}
	present := &r.segments[ctx.seg.Index()].present
	for i, field := range p.fields {
		if field == 0 || present.has(int(field)) {
			r.spots.rewind() // of the rule before
			r.rule(&p.rules[i], p, ctx, res, use)
		}
	}
}

func (r *run) rule(rl *rule, p *segmentPlan, ctx *context, res *resource, use *usage) {
	switch {
	case rl.each:
		r.eachOf(rl, p, ctx, res, use)
		return
	case rl.null:
		if rl.when == nil || rl.when(ctx) {
			r.nothing(rl, ctx, res)
		}
		return
	}
	v := r.fieldOf(rl.field)
	if rl.field > 0 && !rl.whenDecides {
		if v.IsAbsent() {
			return
		}
		if v.IsNull() {
			r.nothing(rl, ctx, res)
			use.take(rl.field)
			return
		}
	}
	if rl.when != nil && !rl.whenPerRep && !rl.when(ctx) {
		return
	}
	use.take(rl.field)
	if rl.field == 0 || rl.whenDecides {
		r.value(rl, ctx, v, r.spot(rl, p, ctx, res, 1), posOf(ctx.seg, rl.field, 0))
		return
	}
	r.repetitions(rl, p, ctx, res, v)
}

// spot is where a rule of a segment map writes.
func (r *run) spot(rl *rule, p *segmentPlan, ctx *context, res *resource, rep int) *spot {
	at := r.spots.next()
	*at = spot{res: res, steps: rl.steps, scope: p.scope, seg: ctx.seg.Index(), instance: rl.instance, rep: rep}
	return at
}

// repetitions runs a rule over each repetition of a field.
func (r *run) repetitions(rl *rule, p *segmentPlan, ctx *context, res *resource, field hl7v2.Value) {
	n, v := r.repetitionsOf(rl.field)
	if rl.oneOnly() {
		n = 1
	}
	for i := 1; i <= n; i++ {
		if i > 1 {
			v = field.Repetition(i)
		}
		if v.IsAbsent() {
			continue
		}
		if !rl.oneOnly() {
			ctx.field, ctx.rep = rl.field, v
		}
		pos := posOf(ctx.seg, rl.field, i)
		if rl.whenPerRep && !rl.when(ctx) {
			r.maybe = append(r.maybe, maybeLeft{pos, pos, applied, noCondition})
		} else {
			r.taken = append(r.taken, taking{pos, applied})
			if i > 1 && !rl.room {
				r.leave(pos, "no-room: FHIR has room for one value here")
			} else {
				r.value(rl, ctx, v, r.spot(rl, p, ctx, res, i), pos)
			}
		}
		ctx.field, ctx.rep = 0, hl7v2.Value{}
	}
}

// oneOnly reports whether the rule reads its field as a whole.
func (rl *rule) oneOnly() bool {
	return len(rl.set) == 1 && rl.set[0].fn != nil && rl.set[0].fn.wholeField
}

// eachOf runs a rule of component[each] once for each repetition of OBX-5.
func (r *run) eachOf(rl *rule, p *segmentPlan, ctx *context, res *resource, use *usage) {
	const value = 5
	field, own := r.fieldOf(value), r.fieldOf(rl.field)
	if !own.IsValued() {
		return
	}
	for i := 1; i <= field.Repetitions(); i++ {
		v := field.Repetition(i)
		if !v.IsValued() {
			continue
		}
		ctx.field, ctx.rep = value, v
		if rl.when == nil || rl.when(ctx) {
			use.take(rl.field)
			pos := posOf(ctx.seg, rl.field, i)
			if rl.field != value {
				v, pos.rep = own.Repetition(1), 1
			}
			r.value(rl, ctx, v, r.spot(rl, p, ctx, res, i), pos)
		}
		ctx.field, ctx.rep = 0, hl7v2.Value{}
	}
}

// nothing notes that the sender says there is nothing.
func (r *run) nothing(rl *rule, ctx *context, res *resource) {
	if len(rl.steps) > 0 && len(rl.set) == 0 {
		res.nulls = append(res.nulls, nulled{rl.steps[0].top, rl.steps[0].slots, posOf(ctx.seg, rl.field, 0), rl.id})
	}
}

// value writes one repetition of a field, as the rule says.
func (r *run) value(rl *rule, ctx *context, v hl7v2.Value, at *spot, pos position) {
	depth := 0
	if rl.comp > 0 {
		v, depth, pos.comp = v.Component(rl.comp), 1, int16(rl.comp)
		if rl.sub > 0 {
			v, depth, pos.sub = v.Subcomponent(rl.sub), 2, int16(rl.sub)
		}
	}
	r.write(rl, ctx, v, depth, at, pos)
}

// write writes a value at a place: assigned, by a data type map, or itself.
func (r *run) write(rl *rule, ctx *context, v hl7v2.Value, depth int, at *spot, pos position) {
	at.rule, at.pos = rl.id, pos
	switch {
	case len(rl.set) > 0 && (rl.field == 0 && rl.leads || rl.whenDecides || v.IsValued()):
		r.assign(rl, ctx, at, pos, v)
	case !v.IsValued():
	case rl.by != nil && rl.by.coding != nil:
		r.codings(rl, ctx, v, depth, at, pos)
	case rl.by != nil:
		r.datatype(rl.by, ctx, v, depth, at, pos)
	case rl.table != nil || rl.coded != plainText:
		r.translate(rl, v, at, pos)
	default:
		r.primitive(rl, v, at, pos)
	}
}

// datatype runs a data type map over a value.
func (r *run) datatype(p *datatypePlan, ctx *context, v hl7v2.Value, depth int, base *spot, pos position) {
	outer, mark := ctx.value, len(r.parts)
	ctx.value = r.cut(v, depth)
	value := ctx.value
	taken, valued := uint64(0), value.valued()
	for i, part := range p.parts {
		if part > 0 && valued&(1<<min(part, 63)) == 0 {
			continue
		}
		rl := &p.rules[i]
		w := value.below(rl.comp, rl.sub)
		if !w.IsValued() && !rl.whenDecides || rl.when != nil && !rl.when(ctx) {
			continue
		}
		taken |= rl.reads
		deeper := depth
		if rl.comp > 0 {
			deeper++
		}
		r.write(rl, ctx, w, deeper, r.inner(rl, base), pos.down(depth, rl.comp, rl.sub))
	}
	r.unused(p, taken, &value, pos)
	ctx.value, r.parts = outer, r.parts[:mark]
}

// inner is where a rule of a data type map writes.
func (r *run) inner(rl *rule, base *spot) *spot {
	if rl.instance > 0 { // another instance of where the map is used
		again := r.spots.next()
		*again = *base
		again.instance, again.made = rl.instance, nil
		base = again
	}
	at := r.spots.next()
	*at = spot{base: base, steps: rl.steps, scope: rl.scope, seg: base.seg, rep: 1}
	return at
}

// down steps into a part.
func (p position) down(depth, comp, sub int) position {
	switch {
	case comp == 0:
	case depth == 0:
		p.comp, p.sub = int16(comp), int16(sub)
	default:
		p.sub = int16(comp)
	}
	return p
}
