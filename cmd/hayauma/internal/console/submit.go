package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/client"
)

// submission is what the command line says about one campaign.
type submission struct {
	file, audience, key string
	wait                bool
}

func newSubmit(r *remote) *cobra.Command {
	s := &submission{}
	cmd := &cobra.Command{
		Use: "submit", Short: "Submit a campaign with its audience", Args: exactly(),
		Example: "  hayauma campaign submit -f campaign.yaml --audience friends.csv --wait",
	}
	cmd.Flags().StringVarP(&s.file, "file", "f", "", "campaign file, YAML or JSON")
	cmd.Flags().StringVar(&s.audience, "audience", "", "audience file: .csv or .ndjson, with .gz behind it where it is compressed")
	cmd.Flags().StringVar(&s.key, "idempotency-key", "", "names this submission: sent again it is the same campaign (default: a new one)")
	cmd.Flags().BoolVar(&s.wait, "wait", false, "wait until the campaign ends")
	cmd.Flags().Bool("json", true, "JSON, the only form")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := errors.Join(given("file", s.file), given("audience", s.audience)); err != nil {
			return err
		}
		if s.key == "" && cmd.Flags().Changed("idempotency-key") {
			return errors.New("--idempotency-key is empty: give one, or leave the flag out for a new campaign")
		}
		return r.call(cmd.Context(), func(c *client.Client) error { return s.run(cmd.Context(), r.terminal, c) })
	}
	return cmd
}

func (s *submission) run(ctx context.Context, t Terminal, c *client.Client) error {
	id, err := s.submit(ctx, t, c)
	if err != nil {
		return err
	}
	if err := printJSON(t.Out, api.Submitted{ID: id}); err != nil || !s.wait {
		return err
	}
	info, err := c.Follow(ctx, id, followPatience, func(i api.Campaign) { fmt.Fprintln(t.Err, summary(i)) })
	switch {
	case ctx.Err() != nil:
		return letGo(id)
	case err != nil:
		return failed(fmt.Errorf("campaign %s is accepted and goes on, but following it failed: %w", id, err))
	}
	if err := printJSON(t.Out, info); err != nil {
		return err
	}
	return ended(info)
}

// open reads the campaign file and opens the audience.
func (s *submission) open() (definition []byte, a client.Audience, closer io.Closer, err error) {
	file, err := os.ReadFile(s.file)
	if err != nil {
		return nil, a, nil, fmt.Errorf("campaign file: %w", err)
	}
	if definition, err = client.Definition(file); err != nil {
		return nil, a, nil, fmt.Errorf("campaign file %s: %w", s.file, err)
	}
	a, closer, err = client.OpenAudience(s.audience)
	return definition, a, closer, err
}

func (s *submission) submit(ctx context.Context, t Terminal, c *client.Client) (string, error) {
	definition, audience, closer, err := s.open()
	if err != nil {
		return "", err
	}
	defer closer.Close()
	key := s.key
	if key == "" {
		key = uuid.NewString()
	}
	id, err := c.Submit(ctx, key, definition, audience)
	var away client.Unreachable
	switch {
	case !errors.As(err, &away):
		return id, err
	case away.Unsent():
		return "", fmt.Errorf("%w\nnothing was sent", err)
	}
	err = fmt.Errorf("%w\nwhether the campaign was accepted is not known: run it again with --idempotency-key %s, and it is the same campaign", err, key)
	if ctx.Err() != nil {
		err = failure{code: exitInterrupted, err: fmt.Errorf("interrupted: whether the campaign was accepted is not known: "+
			"run it again with --idempotency-key %s, and it is the same campaign", key)}
	}
	return "", err
}
