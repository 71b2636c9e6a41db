package console

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"hayauma.example/cmd/hayauma/internal/api"
)

// The forms of OpenAPI in which the API is described.
const (
	form31 = "3.1"
	form30 = "3.0"
)

func newOpenAPI(t Terminal) *cobra.Command {
	var form string
	cmd := &cobra.Command{
		Use: "openapi", Short: "Print the OpenAPI document of the HTTP API", Args: exactly(),
		Long: "Print the OpenAPI document that the daemon serves at /openapi.json, or with --form 3.0 the one at /openapi-3.0.json, for generators\n" +
			"that don't know 3.1. No daemon is asked.",
		Example: "  hayauma openapi --form 3.0 > openapi.json",
	}
	cmd.Flags().StringVar(&form, "form", form31, "3.1 or 3.0")
	cmd.Flags().Bool("json", true, "JSON, the only form")
	cmd.RunE = func(*cobra.Command, []string) error {
		document, err := openAPI(form)
		if err != nil {
			return err
		}
		_, err = t.Out.Write(document)
		return err
	}
	return cmd
}

func openAPI(form string) ([]byte, error) {
	document := api.Document(version())
	write := document.MarshalJSON
	switch form {
	case form31:
	case form30:
		write = document.Downgrade
	default:
		return nil, fmt.Errorf("--form %q is none: 3.1 or 3.0", form)
	}
	raw, err := write()
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	if err := json.Indent(&text, raw, "", "  "); err != nil {
		return nil, err
	}
	text.WriteByte('\n')
	return text.Bytes(), nil
}
