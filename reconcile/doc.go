// Package reconcile promises that a list which a source exports of what it holds, and
// what the record heard from that source, are held against each other line by line:
// what either side lacks, and where they differ, is named.
//
// It only compares. Nothing is written, and no line of the list is kept.
package reconcile
