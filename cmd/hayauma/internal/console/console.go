package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hayauma.example/cmd/hayauma/internal/client"
	"hayauma.example/cmd/hayauma/internal/config"
)

// Exit codes, see the package documentation.
const (
	exitDone        = 0
	exitFailed      = 1
	exitRefused     = 2
	exitInterrupted = 130
)

// Terminal is what the commands read and write.
type Terminal struct {
	In       io.Reader // keys, for the commands that take some; may be nil
	Out, Err io.Writer
	Environ  []string // NAME=value
}

func (t Terminal) getenv(name string) string {
	for _, e := range slices.Backward(t.Environ) {
		if value, ok := strings.CutPrefix(e, name+"="); ok {
			return value
		}
	}
	return ""
}

// failure is an error with an exit code of its own. Without words it is silent: everything was said already.
type failure struct {
	code int
	err  error
}

func (f failure) Error() string {
	if f.err == nil {
		return ""
	}
	return f.err.Error()
}

func (f failure) Unwrap() error { return f.err }

func failed(err error) error { return failure{code: exitFailed, err: err} }

// Run carries out one command line and returns the exit code. It ends early when ctx does.
func Run(ctx context.Context, args []string, t Terminal) int {
	root := newRoot(t)
	root.SetArgs(args)
	root.SetOut(t.Out)
	root.SetErr(t.Err)
	err := misspelt(root, args)
	if err == nil {
		err = root.ExecuteContext(ctx)
	}
	if err == nil {
		return exitDone
	}
	if text := err.Error(); text != "" {
		fmt.Fprintln(t.Err, "hayauma: "+inPlainWords(text))
	}
	if f, ok := errors.AsType[failure](err); ok {
		return f.code
	}
	return exitRefused
}

// packageName is the name of a package before an error's words, which tells an operator nothing.
var packageName = regexp.MustCompile(`(^|: |\n)(?:(?:natsnode|jetstream|journal|cluster|engine|faults|roster|remote|objects|api): )+`)

func inPlainWords(text string) string { return packageName.ReplaceAllString(text, "$1") }

func newRoot(t Terminal) *cobra.Command {
	root := &cobra.Command{
		Use:   "hayauma",
		Short: "Durable delivery of bulk and scheduled messages",
		Long: "Hayauma delivers campaigns to LINE Official Account friends: every recipient once, durably, within the channel's limits.\n" +
			"`hayauma demo` shows it without any account.",
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       version(),
	}
	group(root, t)
	root.SetVersionTemplate(versionLine())
	root.SetHelpCommand(newHelp())
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(newServe(t), newLineSim(t), newDemo(t), newChannel(t), newCampaign(t), newRecipient(t), newMessage(t),
		newWebhook(t), newExperiment(t), newCluster(t), newActors(t), newOpenAPI(t), newImport(t), newVersion(t))
	root.AddCommand(newTop(t), newDebug(t))
	root.InitDefaultHelpCmd() // before a word is looked up
	return root
}

// remote is the part of a command that talks to a daemon.
type remote struct {
	terminal Terminal
	server   string
}

func (r *remote) flags(cmd *cobra.Command) {
	cmd.PersistentFlags().StringVar(&r.server, "server", "", "URL of the daemon (default HAYAUMA_SERVER or "+config.DefaultServer+")")
}

// call runs f with a client of the daemon.
func (r *remote) call(ctx context.Context, f func(c *client.Client) error) error {
	server := r.server
	if server == "" {
		server = r.terminal.getenv("HAYAUMA_SERVER")
	}
	if server == "" {
		server = config.DefaultServer
	}
	c, err := client.New(server, r.terminal.getenv("HAYAUMA_TOKEN"))
	if err != nil {
		return err
	}
	defer c.Close()
	if err = f(c); err != nil && ctx.Err() != nil && !errors.As(err, new(failure)) {
		return failure{code: exitInterrupted, err: errors.New("interrupted")}
	}
	return err
}

// answers has a command make one call of the daemon and show its answer; show is told whether as JSON.
func answers[T any](r *remote, cmd *cobra.Command, show func(T, bool) error, ask func(context.Context, *client.Client, []string) (T, error)) *cobra.Command {
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return r.call(cmd.Context(), func(c *client.Client) error {
			answer, err := ask(cmd.Context(), c, args)
			if err != nil {
				return err
			}
			return show(answer, *asJSON)
		})
	}
	return cmd
}

// printJSON writes v on one line.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

func jsonFlag(cmd *cobra.Command) *bool {
	return cmd.Flags().Bool("json", false, "print JSON, one object a line")
}
