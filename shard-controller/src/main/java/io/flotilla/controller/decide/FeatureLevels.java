package io.flotilla.controller.decide;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.NodeDuty;

/**
 * Which features a fleet may use: those that every one of its nodes knows. A level that was reached is never left again, for
 * what was written at it must be understood. Pure.
 */
public final class FeatureLevels {
    private FeatureLevels() {}

    /**
     * The least level of the nodes that were not taken out, but never less than before.
     *
     * @param before the level that the fleet has reached; 0 at its founding
     */
    public static int of(Iterable<Node> nodes, int before) {
        int least = Integer.MAX_VALUE;
        for (Node node : nodes) {
            if (node.getDuty() != NodeDuty.NODE_DUTY_REMOVED) {
                least = Math.min(least, node.getFeatureLevel());
            }
        }
        return least == Integer.MAX_VALUE ? before : Math.max(before, least);
    }

    /** Why a node can't take part in the fleet: one line; null if it can. */
    public static String objection(Node node, Configuration newest) {
        return node.getFeatureLevel() >= newest.getFeatureLevel()
                ? null
                : "node " + node.getId() + " knows features up to level " + node.getFeatureLevel() + ", but fleet "
                        + newest.getFleetId() + " is at level " + newest.getFeatureLevel()
                        + ": start the node with the fleet's release, or a newer one";
    }
}
