package line_test

import (
	"fmt"

	"hayauma.example/actors/provider/line"
)

func ExampleCheckMessages() {
	fmt.Println(line.CheckMessages([]byte(`[{"type":"text","text":"Hello"}]`)))
	fmt.Println(line.CheckMessages([]byte(`[{"type":"text","text":"Hello"},{"type":"text"}]`)))
	// Output:
	// <nil>
	// messages[1].text: is required
}
