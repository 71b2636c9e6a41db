package line_test

import (
	"io"
	"log"
)

// quiet swallows what a test's server says about the failures that the test makes.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
