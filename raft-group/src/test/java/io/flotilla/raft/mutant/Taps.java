package io.flotilla.raft.mutant;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Puts taps into the source of the core: each of its public methods first tells that it was called, and with what. */
final class Taps {
    private static final String SOURCES = "raft-group/src/main/java/io/flotilla/raft/";
    private static final String CORE = SOURCES + "core/RaftCore.java";
    private static final String TAP = "io.flotilla.raft.scenario.CoreTap";
    private static final Pattern METHOD =
            Pattern.compile("^    public (?:[\\w<>\\[\\]]+ )?(\\w+)\\(([^)]*)\\) \\{\\n", Pattern.MULTILINE);
    private static final Patch GROUP = new Patch(
            SOURCES + "host/Replica.java", "core = new RaftCore(", TAP + ".group(groupId);\n core = new RaftCore(");

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
        String host = sources.get(GROUP.file());
        tapped.put(GROUP.file(), GROUP.applyTo(host == null ? GROUP.original() : host));
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
