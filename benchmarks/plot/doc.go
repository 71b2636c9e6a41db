// Package plot draws measured lines over a size as SVG.
//
// Both axes are logarithmic, so that a cost that grows with the size is a straight line and a constant one is level. A measured line
// goes through the medians and has a bar from the smallest to the largest at each point; a model's line is dashed and has none.
//
// # Promises
//
// The same chart gives the same bytes.
//
// # Failure
//
// A chart without any point is an EmptyError. A point that has no place on a logarithmic axis (0, below, or not a number) is left out and
// named in the legend, so that a line with a gap can't be taken for a whole one.
package plot
