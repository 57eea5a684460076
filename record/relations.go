package record

import "slices"

// Merges, links and moves are words like any other: each source's newest is
// kept, and counts where its word on the resources counts.

// deciding returns, of the sources that said something, those whose word on
// the element counts, given who spoke of the resources at all; nil if none.
func (r *ruling) deciding(resourceType, element string, spoke []string, said func(source string) bool) []string {
	classes := r.ranked(resourceType, element, spoke)
	for _, class := range classes {
		if slices.ContainsFunc(class, said) {
			return class
		}
	}
	return nil
}

// onMoves returns the sources that decide where the resource was moved.
func (r *ruling) onMoves(s *state) []string {
	return r.deciding(s.Type, "subject", s.sources(), func(source string) bool {
		return slices.ContainsFunc(s.moves, func(m move) bool { return m.stamp.source == source })
	})
}

// move returns the move that counts, with the patients of all that count; nil
// if none does.
func (r *ruling) move(s *state) *move {
	if len(s.moves) == 0 {
		return nil
	}
	class := r.onMoves(s)
	var out *move
	for _, m := range s.moves {
		switch {
		case !slices.Contains(class, m.stamp.source):
		case out == nil:
			out = &m
		default:
			joined := members(out.members, m.members...)
			if m.stamp.compare(out.stamp) > 0 {
				out = &m
			}
			out.members = joined
		}
	}
	return out
}

// onLink returns the sources that decide whether the resource and another are
// one: who owns them, once an owner has spoken of either.
func (w *work) onLink(s *state, other string) ([]string, error) {
	o, err := w.get(ref{s.Type, other})
	if err != nil {
		return nil, err
	}
	spoke := s.sources()
	if o != nil {
		for _, source := range o.sources() {
			if !slices.Contains(spoke, source) {
				spoke = append(spoke, source)
			}
		}
	}
	return w.ruling.deciding(s.Type, "link", spoke, func(source string) bool {
		return slices.ContainsFunc(s.links, func(l link) bool { return l.other == other && l.stamp.source == source })
	}), nil
}

// links returns the statement that counts on the resource and each other one;
// none where it parts the two.
func (w *work) links(s *state) ([]link, error) {
	var out []link
	for i := 0; i < len(s.links); {
		other := s.links[i].other
		class, err := w.onLink(s, other)
		if err != nil {
			return nil, err
		}
		var newest *link
		for ; i < len(s.links) && s.links[i].other == other; i++ {
			l := &s.links[i]
			if slices.Contains(class, l.stamp.source) && (newest == nil || l.stamp.compare(newest.stamp) > 0) {
				newest = l
			}
		}
		if newest != nil && newest.kind != linkNone {
			out = append(out, *newest)
		}
	}
	return out, nil
}

// loser reports whether one of the links says that another resource replaced
// this one.
func loser(links []link) bool {
	return slices.ContainsFunc(links, func(l link) bool { return l.kind == linkMerge && l.loser })
}

// cluster returns the ids of the Patients that are held to be one with this
// one, itself first, by the statements that count.
func (w *work) cluster(patient string) ([]string, error) { return w.reach(patient, w.links) }

// related returns the ids of the Patients that any statement names together
// with this one, be it counted or not.
func (w *work) related(patient string) ([]string, error) {
	return w.reach(patient, func(s *state) ([]link, error) { return s.links, nil })
}

func (w *work) reach(patient string, follow func(*state) ([]link, error)) ([]string, error) {
	out := []string{patient}
	for i := 0; i < len(out); i++ {
		s, err := w.get(ref{"Patient", out[i]})
		if err != nil {
			return nil, err
		}
		if s == nil {
			continue
		}
		if s.into != "" && !contains(out, s.into) {
			out = append(out, s.into)
		}
		for _, other := range s.former {
			if !contains(out, other) {
				out = append(out, other)
			}
		}
		links, err := follow(s)
		if err != nil {
			return nil, err
		}
		for _, l := range links {
			if !contains(out, l.other) {
				out = append(out, l.other)
			}
		}
	}
	return out, nil
}
