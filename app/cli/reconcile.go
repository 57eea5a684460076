package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"handover"
	"handover/reconcile"
)

type reconcileCommand struct {
	serverFlag
	Extract string `arg:"" help:"The list: a CSV file whose first line names the columns; - reads standard input."`
	Source  string `required:"" placeholder:"NAME" help:"The source that exported it."`
	Type    string `default:"Patient" help:"What it lists: a FHIR resource type."`
	Made    string `placeholder:"TIME" help:"When it was exported (a time, or a span back from now), since what the record heard later is not held against it. If not given, when the file was last written."`
	Since   string `placeholder:"7d" help:"The beginning of the span that the list covers: a span of time, or a time. If not given, it lists everything."`
	Limit   int    `default:"100" help:"How many findings are printed; 0 prints all. All are counted."`
	JSON    bool   `help:"Print JSON."`
}

// Help says what a list looks like.
func (reconcileCommand) Help() string {
	return "The column `identifier` has the identifiers by which the source knows what it lists: VALUE, or SYSTEM|VALUE. " +
		"Every other column's name is FHIRPath over the resource (birthDate, name.family, class.code), and its cells the values that the source has there. " +
		"What either side lacks is named, and where they differ. Exit code 1 says that something was found.\n\n" +
		"Example: handover reconcile --source pas patients.csv"
}

// Run compares a list with the record.
func (c reconcileCommand) Run(ctx context.Context, std Streams) error {
	list, made, err := c.open(std)
	if err != nil {
		return err
	}
	defer list.Close()
	query := url.Values{"source": {c.Source}, "type": {c.Type}, "limit": {strconv.Itoa(c.Limit)}}
	for name, value := range map[string]string{"made": cmp.Or(c.Made, made), "since": c.Since} {
		if value != "" {
			query.Set(name, value)
		}
	}
	bar := progressBytes(std.Err, "comparing "+c.Extract)
	defer bar.Finish()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.target("reconcile", query), io.TeeReader(list, bar))
	if err != nil {
		return &handover.Error{Op: "reading --server", Kind: handover.Usage, Err: err}
	}
	request.Header.Set("Content-Type", "text/csv")
	answer, err := c.ask(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	var r reconcile.Report
	if err := json.NewDecoder(answer.Body).Decode(&r); err != nil {
		return err
	}
	_ = bar.Finish()
	if err := c.print(std, r); err != nil {
		return err
	}
	if r.All() > 0 {
		return errFound
	}
	return nil
}

// open returns the list, and when it was last written.
func (c reconcileCommand) open(std Streams) (list io.ReadCloser, made string, err error) {
	if c.Extract == "-" {
		return io.NopCloser(std.In), "", nil
	}
	f, err := os.Open(c.Extract)
	if err != nil {
		return nil, "", &handover.Error{Op: "opening the list", Kind: handover.Usage, Err: err}
	}
	about, err := f.Stat()
	if err != nil {
		return nil, "", errors.Join(err, f.Close())
	}
	return f, about.ModTime().UTC().Format(time.RFC3339), nil
}

// told says of each kind of finding what it means.
var told = map[reconcile.What]string{
	reconcile.NotInRecord:  "in the list, not in the record",
	reconcile.OtherSource:  "in the list; the record has it from others only",
	reconcile.Withdrawn:    "in the list; the record says that it is no more",
	reconcile.NotInExtract: "in the record, not in the list",
	reconcile.Differs:      "another value in the record",
	reconcile.OneResource:  "two lines are one resource of the record",
	reconcile.Ambiguous:    "one line is two resources of the record",
	reconcile.Twice:        "twice in the list",
}

func (c reconcileCommand) print(std Streams, r reconcile.Report) error {
	if c.JSON {
		return eachJSON(std, []reconcile.Report{r})
	}
	table := tabwriter.NewWriter(std.Out, 0, 0, 2, ' ', 0)
	if len(r.Findings) > 0 {
		fmt.Fprintln(table, "LINE\tIDENTIFIER\tRESOURCE\tWHAT")
	}
	for _, f := range r.Findings {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", dash(f.Line), cmp.Or(f.Identifier, "-"), cmp.Or(f.ID, "-"), about(f))
	}
	err := table.Flush()
	line := func(format string, args ...any) {
		_, failed := fmt.Fprintf(std.Out, format+"\n", args...)
		err = errors.Join(err, failed)
	}
	if more := r.All() - len(r.Findings); more > 0 {
		line("and %d more; --limit 0 prints all", more)
	}
	for _, what := range reconcile.Kinds() {
		if n := r.Counts[what]; n > 0 {
			line("%8d  %s", n, told[what])
		}
	}
	if r.Later > 0 {
		line("%8d  not held against the list: the record heard of it after %s", r.Later, r.Made.Local().Format(time.DateTime))
	}
	line("%d lines of %s from %s: %d are in the record from there, %d of these agree", r.Lines, r.Type, r.Source, r.Compared, r.Agree)
	return err
}

// about says what was found.
func about(f reconcile.Finding) string {
	text := told[f.What]
	if f.What == reconcile.Differs {
		text = fmt.Sprintf("%s: the list has %s, the record %s", f.Field, cmp.Or(f.Extract, "nothing"), cmp.Or(f.Record, "nothing"))
	}
	if f.Detail != "" {
		text = strings.TrimSuffix(text, ":") + ": " + f.Detail
	}
	return text
}

func dash(line int) string {
	if line == 0 {
		return "-"
	}
	return strconv.Itoa(line)
}
