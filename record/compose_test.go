package record

import (
	"testing"

	"handover/internal/store"
	"handover/internal/store/storetest"
)

func TestFirst(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		l := newLedger(t, open(t, at, Config{}))
		w := l.hear(message("pas", "ADT^A01", 1).patient("100", set("name", `[{"family":"Example <b>"}]`)).encounter("V1", "in-progress"))
		t.Logf("%+v", w)
		w = l.hear(message("pas", "ADT^A03", 2).patient("100").encounter("V1", "finished"))
		t.Logf("%+v", w)
	})
}
