package v2_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"handover/fhirpath"
	"handover/fhirpath/v2"
	"handover/hl7v2"
)

// FuzzAddress: v2() of a literal address finds just what the message itself
// says is there, and so does one that is computed.
func FuzzAddress(f *testing.F) {
	for _, a := range []string{"PID-5.1", "PID-3[2].4.2", "OBX-5", "OBX[2]-3.2", "MSH-2", "MSH-9", "PID-8.1", "PATIENT_RESULT.ORDER_OBSERVATION[2].OBX-5", "ZSY-2", "5.1"} {
		f.Add(a, oru)
	}
	f.Fuzz(func(t *testing.T, address, text string) {
		m, _ := hl7v2.Parse([]byte(strings.ReplaceAll(text, "\n", "\r")))
		if m == nil || strings.ContainsAny(address, `'\`) {
			return
		}
		e, err := v2.Compile("v2('" + address + "')")
		computed, errComputed := v2.Compile("v2('" + address + "' & '')")
		if err != nil || errComputed != nil {
			return
		}
		ctx := fhirpath.Context{Root: v2.Message(m)}
		got, err := e.Evaluate(ctx)
		again, errAgain := computed.Evaluate(ctx)
		if (err == nil) != (errAgain == nil) {
			t.Fatalf("%s: %v, computed: %v", address, err, errAgain)
		}
		a, errAddress := hl7v2.ParseAddress(address)
		if err != nil || errAddress != nil || a.Field == 0 {
			return
		}
		var want []string
		for v := range m.Every(a) {
			if v.IsNull() {
				want = append(want, `""`)
			} else {
				want = append(want, v.Text())
			}
		}
		for _, c := range []fhirpath.Collection{got, again} {
			var have []string
			for _, n := range c {
				v, _ := n.Value()
				have = append(have, v.Text())
			}
			if diff := cmp.Diff(want, have); diff != "" {
				t.Errorf("%s (-want +got)\n%s", address, diff)
			}
		}
	})
}
