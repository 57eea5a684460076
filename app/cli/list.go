package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// list prints a line for each item under the heads of its columns, which stand with tabs
// between; as JSON one object a line.
func list[T any](std Streams, asJSON bool, items []T, heads string, cells func(T) []any) error {
	if asJSON {
		return eachJSON(std, items)
	}
	table := tabwriter.NewWriter(std.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, heads)
	for _, item := range items {
		row := cells(item)
		fmt.Fprintf(table, strings.Repeat("%v\t", len(row)-1)+"%v\n", row...)
	}
	return table.Flush()
}

// report prints what a measurement or a test came to; fine is whether it found nothing.
func report(std Streams, asJSON bool, r interface{ Print(w io.Writer) error }, fine bool) (err error) {
	if asJSON {
		err = json.NewEncoder(std.Out).Encode(r)
	} else {
		err = r.Print(std.Out)
	}
	if err == nil && !fine {
		err = errFound
	}
	return err
}
