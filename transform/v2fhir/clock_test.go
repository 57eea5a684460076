package v2fhir

import (
	"testing"
	"time"
)

func TestConvertTimes(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		text, typ, sent string
		zone            *time.Location
		want, reason    string
	}{
		{"2024", "dateTime", "", nil, "2024", ""},
		{"202403", "dateTime", "", nil, "2024-03", ""},
		{"20240310", "dateTime", "", nil, "2024-03-10", ""},
		{"20240229", "date", "", nil, "2024-02-29", ""},
		{"20230229", "date", "", nil, "", "not-valid"},
		{"20240310102530+0100", "dateTime", "", nil, "2024-03-10T10:25:30+01:00", ""},
		{"20240310102530.1234-0500", "dateTime", "", nil, "2024-03-10T10:25:30.1234-05:00", ""},
		{"202403101025+0000", "instant", "", nil, "2024-03-10T10:25:00+00:00", ""},
		{"20240310", "instant", "", nil, "", "time-precision"},
		{"2024031010+0100", "dateTime", "", nil, "2024-03-10", "time-precision"},
		{"20240310102530", "dateTime", "", nil, "2024-03-10", "time-zone"},
		{"20240310102530", "instant", "", nil, "", "time-zone"},
		{"20240310102530", "dateTime", "-05:00", nil, "2024-03-10T10:25:30-05:00", ""},
		{"20240310102530", "dateTime", "-05:00", berlin, "2024-03-10T10:25:30-05:00", ""},
		{"20240710102530", "dateTime", "", berlin, "2024-07-10T10:25:30+02:00", ""},
		{"20231029023000", "dateTime", "", berlin, "2023-10-29", "time-doubled"},
		{"20231029030000", "dateTime", "", berlin, "2023-10-29T03:00:00+01:00", ""},
		{"20231029015959", "dateTime", "", berlin, "2023-10-29T01:59:59+02:00", ""},
		{"20240331020000", "dateTime", "", berlin, "2024-03-31", "time-gap"},
		{"20240331030000", "dateTime", "", berlin, "2024-03-31T03:00:00+02:00", ""},
		{"20240310102530+0100", "date", "", nil, "2024-03-10", ""},
		{"197", "dateTime", "", nil, "", "not-valid"},
		{"20241310", "dateTime", "", nil, "", "not-valid"},
		{"20240310 1025", "dateTime", "", nil, "", "not-valid"},
		{"20240310102530+2500", "dateTime", "", nil, "", "not-valid"},
		{"00000310", "dateTime", "", nil, "", "not-valid"},
	} {
		got, reason := clock{zone: c.zone, offset: c.sent}.convert(c.text, c.typ)
		kind := reason
		if i := len(c.reason); i <= len(reason) {
			kind = reason[:i]
		}
		if got != c.want || kind != c.reason || (reason == "") != (c.reason == "") {
			t.Errorf("%s as %s: got %q %q, want %q %q", c.text, c.typ, got, reason, c.want, c.reason)
		}
	}
}

func TestShift(t *testing.T) {
	for _, c := range []struct {
		text string
		by   int
		want string
	}{
		{"202403202350+0100", 30, "202403210020+0100"},
		{"20240320083000", -60, "20240320073000"},
		{"20240320", 30, ""},
	} {
		if got, _ := (clock{}).shift(c.text, c.by); got != c.want {
			t.Errorf("%s by %d: got %q, want %q", c.text, c.by, got, c.want)
		}
	}
}

func TestInstantOrdersTimes(t *testing.T) {
	c := clock{offset: "+01:00"}
	for _, p := range [][2]string{{"2024", "202402"}, {"20240310", "202403100001"}, {"20240310102530", "20240310102530.5"}, {"20240310112530+0200", "20240310112530"}} {
		if !c.instant(p[0]).Before(c.instant(p[1])) {
			t.Errorf("%s is not before %s", p[0], p[1])
		}
	}
	if !c.instant("nonsense").IsZero() {
		t.Error("nonsense is a time")
	}
}

// The hour of a clock change, in which no time is chosen, still lies between what
// came before and what comes after it.
func TestInstantKeepsTheOrderAroundClockChanges(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	for _, night := range [][]string{
		{"202511012330", "202511020059", "202511020100", "202511020159", "202511020200", "202511020330"}, // 01:00 to 02:00 twice
		{"202503082330", "202503090159", "202503090200", "202503090230", "202503090401"},                 // 02:00 to 03:00 never
	} {
		for i := range night[1:] {
			c := clock{zone: zone}
			if !c.instant(night[i]).Before(c.instant(night[i+1])) {
				t.Errorf("%s is not before %s", night[i], night[i+1])
			}
		}
	}
}

func TestNumber(t *testing.T) {
	for text, want := range map[string]string{
		"1": "1", "+1": "1", "-1.50": "-1.50", ".5": "0.5", "-.5": "-0.5", "007": "7", "0.00": "0.00", "1.": "1", " 3 ": "3",
		"": "", "<5": "", "1,5": "", "NEG": "", "1e5": "", "-": "",
	} {
		if got := number(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestTimeOfDay(t *testing.T) {
	for text, want := range map[string]string{"0830": "08:30:00", "083015": "08:30:15", "083015.25": "08:30:15.25", "08": "", "2500": "", "x": ""} {
		if got := timeOfDay(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
