package io.flotilla.raft.scenario;

import java.util.ArrayList;
import java.util.List;

/**
 * A scenario file: blocks with empty lines between them. A block that begins with {@code >} is a step, its commands
 * first, each behind a {@code >}, then the transcript that is expected of them; any other block is prose.
 */
record Scenario(List<Block> blocks) {
    /** @param commands none for prose */
    record Block(List<String> commands, List<String> text) {}

    static Scenario parse(String file) {
        List<Block> blocks = new ArrayList<>();
        List<String> commands = new ArrayList<>();
        List<String> text = new ArrayList<>();
        for (String line : (file + "\n\n").split("\n", -1)) {
            if (line.isBlank()) {
                if (!commands.isEmpty() || !text.isEmpty()) {
                    blocks.add(new Block(List.copyOf(commands), List.copyOf(text)));
                }
                commands.clear();
                text.clear();
            } else if (line.startsWith(">") && text.isEmpty()) {
                commands.add(line.substring(1).strip());
            } else {
                text.add(line);
            }
        }
        return new Scenario(blocks);
    }

    /** Plays the commands. @return this scenario with the transcript that they have now */
    Scenario play(ScenarioWorld world) {
        List<Block> played = new ArrayList<>();
        for (Block block : blocks) {
            List<String> text = new ArrayList<>();
            for (String command : block.commands) {
                text.addAll(world.play(command));
            }
            played.add(block.commands.isEmpty() ? block : new Block(block.commands, text));
        }
        return new Scenario(played);
    }

    /** All commands, without what is between them. */
    List<String> commands() {
        return blocks.stream().flatMap(block -> block.commands.stream()).toList();
    }

    @Override
    public String toString() {
        StringBuilder file = new StringBuilder();
        for (Block block : blocks) {
            file.append(file.isEmpty() ? "" : "\n");
            block.commands.forEach(command -> file.append("> ").append(command).append('\n'));
            block.text.forEach(line -> file.append(line).append('\n'));
        }
        return file.toString();
    }
}
