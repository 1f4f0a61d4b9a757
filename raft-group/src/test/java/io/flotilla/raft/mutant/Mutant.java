package io.flotilla.raft.mutant;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A deliberate fault: pieces of production source files, replaced.
 *
 * @param lesson the lesson or the kind of failure that it stands for
 * @param name what is wrong then, in a few words
 * @param judge what must notice it
 */
public record Mutant(String lesson, String name, Judge judge, List<Patch> patches) {
    public static Mutant of(String lesson, String name, Judge judge, Patch... patches) {
        return new Mutant(lesson, name, judge, List.of(patches));
    }

    /** Fails if some piece is not where it was any more. */
    public void check() throws IOException {
        sources();
    }

    /** The texts of the files with the fault in them, by file. */
    Map<String, String> sources() throws IOException {
        Map<String, String> sources = new LinkedHashMap<>();
        for (Patch patch : patches) {
            String text = sources.get(patch.file());
            sources.put(patch.file(), patch.applyTo(text == null ? patch.original() : text));
        }
        return sources;
    }

    @Override
    public String toString() {
        return name;
    }
}
