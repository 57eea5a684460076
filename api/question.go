package api

import (
	"fmt"
	"net/url"

	"handover"
	"handover/record"
)

// question is a search as it was understood.
type question struct {
	record.Query
	kept      url.Values // the parameters that counted, for links
	countOnly bool       // _summary=count or _count=0
}

// maxValues bounds the values of one search: each costs the database work.
const maxValues = 200

// ask reads a search's parameters and reports every fault. If lenient, what is
// not supported is left out instead.
func (s searchParams) ask(resourceType string, params url.Values, lenient bool) (question, error) {
	q := question{kept: url.Values{}}
	var faults []error
	handed := url.Values{} // what the record reads
	for _, name := range sortedNames(params) {
		mine, err := q.own(name, params)
		if !mine && err == nil {
			err = s.readable(resourceType, name, params[name])
		}
		if lenient && handover.KindOf(err) == handover.Unsupported {
			continue
		}
		if err != nil {
			faults = append(faults, err)
			continue
		}
		q.kept[name] = params[name]
		if !mine {
			handed[name] = params[name]
		}
	}
	if faults != nil {
		return q, joinFaults(faults)
	}
	var err error
	if q.Query, err = record.ParseQuery(resourceType, handed); err != nil {
		return q, joinFaults([]error{err})
	}
	if q.countOnly {
		q.Count, q.Total = 1, true
	}
	return q, q.bounded()
}

// own reads the parameters that concern the answer and not the record.
func (q *question) own(name string, params url.Values) (mine bool, err error) {
	switch name {
	case "_format", "_pretty": // read by readFormat
		return true, nil
	case "_count":
		if params.Get(name) != "0" {
			return false, nil
		}
		q.countOnly = true
		return true, nil
	case "_summary":
		switch params.Get(name) {
		case "false":
		case "count":
			q.countOnly = true
		default:
			return true, unsupportedParam(name, "of summaries there are count and false")
		}
		return true, nil
	}
	return false, nil
}

// readable reports what is wrong with one parameter.
func (s searchParams) readable(resourceType, name string, values []string) error {
	q, err := record.ParseQuery(resourceType, url.Values{name: values})
	if err != nil {
		return err
	}
	for _, c := range q.Where {
		if err := s.check(resourceType, c); err != nil {
			return err
		}
	}
	return nil
}

func (q *question) bounded() error {
	n := 0
	for _, c := range q.Where {
		n += len(c.Values)
	}
	if n <= maxValues {
		return nil
	}
	return joinFaults([]error{&handover.Error{Op: "reading a search", Kind: handover.TooLarge,
		Err: fmt.Errorf("it asks for %d values; at most %d may stand in one search", n, maxValues)}})
}
