package io.flotilla.raft.scenario;

import io.flotilla.raft.sim.invariant.Violation;
import java.util.ArrayList;
import java.util.List;

/**
 * What comes of a list of commands if those that make no sense are left out.
 *
 * @param lines those that were carried out, up to where something broke
 * @param broken the property that broke, or null
 */
record Playback(List<String> lines, String broken) {
    static Playback of(List<String> commands) {
        ScenarioWorld world = new ScenarioWorld();
        List<String> lines = new ArrayList<>();
        for (String command : commands) {
            try {
                String played = world.playWhatFits(command);
                if (played != null) {
                    lines.add(played);
                }
            } catch (AssertionError e) {
                lines.add(world.carriedOut());
                return new Playback(lines, nameOf(e));
            } catch (RuntimeException e) {
                return new Playback(lines, null); // the commands themselves make no sense
            }
        }
        return new Playback(lines, null);
    }

    /** The property, or what a check of the production code says, without its numbers. */
    static String nameOf(AssertionError broken) {
        String message = String.valueOf(broken.getMessage());
        return broken instanceof Violation
                ? message.substring(0, message.indexOf(':'))
                : message.replaceAll("[0-9]+", "#");
    }
}
