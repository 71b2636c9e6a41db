package console

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"hayauma.example/cmd/hayauma/internal/client"
)

func newCampaignExport(r *remote) *cobra.Command {
	var e client.Export
	var output string
	cmd := &cobra.Command{
		Use: "export ID", Short: "Write a campaign's recipients as NDJSON or CSV", Args: exactly("ID"),
		Long: "Write a campaign's recipients as NDJSON or CSV. A file is written to its end or not at all.\n\n" +
			"CSV has the columns user_id, index, state, reason and, where the campaign has variants, variant. A cell that a spreadsheet\n" +
			"would run as a formula (it begins with =, +, -, @, a tab or a carriage return) has a ' before it.",
		Example: "  hayauma campaign export ID --state failed,unknown --format csv -o failed.csv",
	}
	cmd.Flags().StringSliceVar(&e.States, "state", nil, "only recipients in these states, joined by commas or given several times")
	cmd.Flags().StringVar(&e.Format, "format", "", "ndjson or csv (default ndjson)")
	cmd.Flags().StringVarP(&output, "output", "o", "", "file to write (default stdout)")
	cmd.Flags().Bool("json", true, "NDJSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		switch {
		case e.Format != "" && e.Format != "ndjson" && e.Format != "csv":
			return fmt.Errorf("--format %q is none: ndjson, csv", e.Format)
		case e.Format == "csv" && cmd.Flags().Changed("json"):
			return errors.New("--json and --format csv are two forms: take one")
		}
		return r.onCampaign(cmd.Context(), args[0], func(c *client.Client, id string) error {
			body, err := c.Recipients(cmd.Context(), id, e)
			if err != nil {
				return err
			}
			defer body.Close()
			return export(body, output, r.terminal.Out)
		})
	}
	return cmd
}

func export(body io.Reader, path string, stdout io.Writer) error {
	if path == "" {
		return copied(io.Copy(stdout, body))
	}
	if old, err := os.Stat(path); err == nil && !old.Mode().IsRegular() { // such as a pipe: nothing takes its place
		return exportTo(path, os.O_WRONLY, body)
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	part := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+"."+rand.Text()[:8]+".part")
	err := exportTo(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, body)
	if err == nil {
		if e := os.Rename(part, path); e != nil {
			err = fmt.Errorf("export: %w", e)
		}
	}
	if err != nil {
		_ = os.Remove(part) // it may not be there
	}
	return err
}

// exportTo writes a file that is on disk when it returns without an error.
func exportTo(path string, flags int, body io.Reader) error {
	f, err := os.OpenFile(path, flags, 0o600) // it holds recipients
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	err = copied(io.Copy(f, body))
	if info, e := f.Stat(); err == nil && e == nil && info.Mode().IsRegular() {
		err = f.Sync()
	}
	return cmp.Or(err, f.Close())
}

func copied(_ int64, err error) error {
	if err != nil {
		return fmt.Errorf("the export broke off and is incomplete: %w; run it again", err)
	}
	return nil
}
