package suite

import (
	"errors"
	"hayauma.example/benchmarks/experiment"
)

func RewriteBounds(file string, parts []experiment.Part, files ...[]Line) error {
	return errors.ErrUnsupported
}
func HoldBounds(file string, parts []experiment.Part, s Selection, files ...[]Line) error {
	return errors.ErrUnsupported
}
