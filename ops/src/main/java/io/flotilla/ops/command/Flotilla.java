package io.flotilla.ops.command;

import io.flotilla.ops.cli.CliException;
import io.flotilla.ops.cli.Terminal;
import io.flotilla.ops.node.ProgramVersion;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Option;

/** The command line as a whole: {@code flotilla VERB …}. */
@Command(
        name = "flotilla",
        description = "Many rafts, one fleet: a sharded, replicated key-value store.",
        synopsisSubcommandLabel = "VERB",
        versionProvider = Flotilla.Version.class,
        footer = {
            "",
            "'flotilla VERB --help' explains a verb. Words that begin with - go after --.",
            "Exit codes: 0 done, 1 negative answer, 2 wrong usage, 3 unavailable or timed out, 4 refused,",
            "5 this process can't go on."
        })
public final class Flotilla implements Callable<Integer> {
    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help and exit.")
    private boolean help;

    @Option(
            names = {"-V", "--version"},
            versionHelp = true,
            description = "Show the version and exit.")
    private boolean version;

    @Option(names = "--verbose", description = "On a failure, show the stack trace too.")
    private boolean verbose;

    private Flotilla() {}

    /** All verbs, reading and writing there. */
    public static CommandLine commandLine(Terminal terminal) {
        CommandLine commands = new CommandLine(new Flotilla());
        for (Callable<Integer> verb : List.<Callable<Integer>>of(
                new DevVerb(terminal),
                new NodeVerb(terminal),
                new PutVerb(terminal),
                new GetVerb(terminal),
                new DeleteVerb(terminal),
                new AppendVerb(terminal),
                new IncrementVerb(terminal),
                new CasVerb(terminal),
                new ScanVerb(terminal),
                new LoadVerb(terminal),
                new DumpVerb(terminal),
                new BenchVerb(terminal),
                new StatusVerb(terminal),
                new NodesVerb(terminal),
                new GroupsVerb(terminal),
                new ShardsVerb(terminal),
                new LeadersVerb(terminal),
                new ConfigVerb(terminal),
                new RebalanceVerb(terminal),
                new ExplainVerb(terminal),
                new VerifyVerb(terminal),
                new VersionVerb(terminal),
                new CompletionVerb(terminal))) {
            commands.addSubcommand(verb);
        }
        commands.getSubcommands()
                .get("groups")
                .addSubcommand(new GroupsJoinVerb(terminal))
                .addSubcommand(new GroupsLeaveVerb(terminal));
        commands.getSubcommands()
                .get("shards")
                .addSubcommand(new ShardsMoveVerb(terminal))
                .addSubcommand(new ShardsCancelVerb(terminal));
        commands.getSubcommands().get("leaders").addSubcommand(new LeadersTransferVerb(terminal));
        // 'increment KEY -3': what looks like an unknown flag there is the number.
        commands.getSubcommands().get("increment").setUnmatchedOptionsArePositionalParams(true);
        return commands;
    }

    @Override
    public Integer call() {
        throw CliException.usage("no verb given; 'flotilla --help' lists the verbs");
    }

    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"flotilla " + ProgramVersion.VALUE};
        }
    }
}
