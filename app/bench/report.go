package bench

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"
)

// Report is what was measured, and on what.
type Report struct {
	Machine Machine  `json:"machine"`
	Figures []Figure `json:"figures"`
}

// Machine says what the figures are worth anywhere else.
type Machine struct {
	System string `json:"system"` // "linux/amd64"
	Cores  int    `json:"cores"`
	CPU    string `json:"cpu,omitempty"`
	Go     string `json:"go"`
}

// Figure is one measured number.
type Figure struct {
	Part  string  `json:"part"`
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit,omitempty"`
	Goal  *Goal   `json:"goal,omitempty"`
}

// Goal is what a figure should be. It is met up to rounding at the third digit.
type Goal struct {
	AtLeast float64 `json:"at_least,omitempty"`
	AtMost  float64 `json:"at_most,omitempty"`
	Met     bool    `json:"met"`
}

func newReport() *Report {
	return &Report{Machine: Machine{
		System: runtime.GOOS + "/" + runtime.GOARCH, Cores: runtime.GOMAXPROCS(0), CPU: cpuName(), Go: runtime.Version(),
	}}
}

// cpuName asks Linux; elsewhere it is "".
func cpuName() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// add notes a figure that has no goal.
func (r *Report) add(part, name string, value float64, unit string) {
	r.Figures = append(r.Figures, Figure{Part: part, Name: name, Value: value, Unit: unit})
}

// atLeast notes a figure that should not be lower.
func (r *Report) atLeast(goal float64, part, name string, value float64, unit string) {
	r.add(part, name, value, unit)
	r.Figures[len(r.Figures)-1].Goal = &Goal{AtLeast: goal, Met: value >= goal*0.995}
}

// atMost notes a figure that should not be higher.
func (r *Report) atMost(goal float64, part, name string, value float64, unit string) {
	r.add(part, name, value, unit)
	r.Figures[len(r.Figures)-1].Goal = &Goal{AtMost: goal, Met: value <= goal*1.005}
}

// Missed returns how many figures are not what they should be.
func (r *Report) Missed() (n int) {
	for _, f := range r.Figures {
		if f.Goal != nil && !f.Goal.Met {
			n++
		}
	}
	return n
}

// Print writes the report as a table, part by part.
func (r *Report) Print(w io.Writer) error {
	m := r.Machine
	fmt.Fprintf(w, "%s, %d cores, %s, %s\n", m.System, m.Cores, m.CPU, m.Go)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	part := ""
	for _, f := range r.Figures {
		if f.Part != part {
			part = f.Part
			fmt.Fprintf(t, "\n%s\t\tgoal\t\n", part)
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\n", f.Name, number(f.Value)+unit(f.Unit), f.Goal.text(), f.Goal.verdict())
	}
	return t.Flush()
}

func (g *Goal) text() string {
	switch {
	case g == nil:
		return ""
	case g.AtLeast != 0:
		return "≥ " + number(g.AtLeast)
	}
	return "≤ " + number(g.AtMost)
}

func (g *Goal) verdict() string {
	switch {
	case g == nil:
		return ""
	case g.Met:
		return "met"
	}
	return "MISSED"
}

func unit(s string) string {
	if s == "" {
		return ""
	}
	return " " + s
}

// number gives three digits that count, and no exponent.
func number(v float64) string {
	switch {
	case v >= 100:
		return thousands(fmt.Sprintf("%.0f", v))
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

func thousands(digits string) string {
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
