package io.flotilla.raft.mutant;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Puts taps into the source of the core: each of its public methods first tells that it was called, and with what. And into
 * the host's, which tells of which group a core is, and when it ends because its replica is dropped.
 */
final class Taps {
    private static final String SOURCES = "raft-group/src/main/java/io/flotilla/raft/";
    private static final String CORE = SOURCES + "core/RaftCore.java";
    private static final String TAP = "io.flotilla.raft.scenario.CoreTap";
    private static final Pattern METHOD =
            Pattern.compile("^    public (?:[\\w<>\\[\\]]+ )?(\\w+)\\(([^)]*)\\) \\{\\n", Pattern.MULTILINE);
    private static final String HOST = SOURCES + "host/group/GroupReplica.java";
    private static final List<Patch> OF_HOST = List.of(
            new Patch(HOST, "core = new RaftCore(", TAP + ".group(groupId);\n core = new RaftCore("),
            new Patch(HOST, "retirement.begin(", TAP + ".call(core, \"retired\", removedAt);\n retirement.begin("));

    private Taps() {}

    /** @param sources changed already, by file */
    static Map<String, String> into(Map<String, String> sources) throws IOException {
        Map<String, String> tapped = new LinkedHashMap<>(sources);
        String core = sources.containsKey(CORE) ? sources.get(CORE) : new Patch(CORE, "", "").original();
        Matcher methods = METHOD.matcher(core);
        StringBuilder text = new StringBuilder();
        int count = 0;
        while (methods.find()) {
            String call = TAP + ".call(this, \"" + methods.group(1) + "\"" + arguments(methods.group(2)) + ");\n";
            methods.appendReplacement(text, Matcher.quoteReplacement(methods.group() + call));
            count++;
        }
        if (count < 10) {
            throw new AssertionError("only " + count + " methods of " + CORE + " look like methods");
        }
        tapped.put(CORE, methods.appendTail(text).toString());
        String host =
                sources.containsKey(HOST) ? sources.get(HOST) : OF_HOST.get(0).original();
        for (Patch patch : OF_HOST) {
            host = patch.applyTo(host);
        }
        tapped.put(HOST, host);
        return tapped;
    }

    private static String arguments(String parameters) {
        List<String> names = new ArrayList<>();
        for (String parameter : parameters.split(",")) {
            String[] words = parameter.strip().split("\\s+");
            if (words.length > 1) {
                names.add(", " + words[words.length - 1]);
            }
        }
        return String.join("", names);
    }
}
