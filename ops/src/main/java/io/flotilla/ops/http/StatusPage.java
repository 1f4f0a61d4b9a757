package io.flotilla.ops.http;

import io.flotilla.client.proto.NodeStatus;
import io.flotilla.ops.status.FleetStatus;
import io.flotilla.ops.status.FleetStatus.GroupLine;
import io.flotilla.ops.status.FleetStatus.NodeLine;
import io.flotilla.ops.status.FleetStatus.ShardLine;

/** The status page: one plain document, no script, renewed by the browser every few seconds. Pure. */
final class StatusPage {
    private static final String HEAD = """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="5">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Flotilla</title><style>
            body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1b2733; }
            table { border-collapse: collapse; width: 100%; margin: 0.5rem 0 2rem; }
            th, td { text-align: left; padding: 0.25rem 0.75rem 0.25rem 0; border-bottom: 1px solid #d8dee4; }
            th { color: #57606a; font-weight: 600; }
            .down, .none { color: #b42318; font-weight: 600; } .starting { color: #9a6700; font-weight: 600; }
            code { font-size: 0.9em; }
            </style></head><body>
            """;

    private StatusPage() {}

    static String html(NodeStatus self, FleetStatus fleet) {
        StringBuilder page = begin(self);
        page.append("<p>Configuration ").append(fleet.configuration());
        page.append(", fleet <code>").append(escape(fleet.fleetId())).append("</code>, controller led by ");
        leader(page, fleet.controller());
        page.append(".</p>");
        nodes(page, fleet);
        groups(page, fleet);
        shards(page, fleet);
        return end(page);
    }

    /** When the fleet could not be asked. */
    static String withoutFleet(NodeStatus self, String why) {
        StringBuilder page = begin(self);
        page.append("<p class=\"down\">The fleet does not answer: ")
                .append(escape(why))
                .append("</p>");
        return end(page);
    }

    private static StringBuilder begin(NodeStatus self) {
        StringBuilder page = new StringBuilder(HEAD);
        page.append("<h1>Flotilla</h1><p>Node <strong>")
                .append(escape(self.getId()))
                .append("</strong> at ");
        page.append(escape(self.getAddress()))
                .append(self.getReady() ? " is ready." : " is <span class=\"starting\">not ready</span>: ");
        return page.append(self.getReady() ? "" : escape(self.getReason())).append("</p>\n");
    }

    private static String end(StringBuilder page) {
        return page.append("<p><a href=\"/metrics\">metrics</a></p></body></html>\n")
                .toString();
    }

    private static void nodes(StringBuilder page, FleetStatus fleet) {
        page.append("<h2>Nodes</h2><table><tr><th>Node<th>Address<th>State<th></tr>\n");
        for (NodeLine node : fleet.nodes()) {
            page.append("<tr><td>");
            if (node.httpAddress().isEmpty()) {
                page.append(escape(node.id()));
            } else {
                page.append("<a href=\"http://")
                        .append(escape(node.httpAddress()))
                        .append("/\">");
                page.append(escape(node.id())).append("</a>");
            }
            page.append("<td>").append(escape(node.address()));
            page.append("<td class=\"").append(node.state()).append("\">").append(node.state());
            page.append("<td>").append(escape(node.note())).append("</tr>\n");
        }
        page.append("</table>");
    }

    private static void groups(StringBuilder page, FleetStatus fleet) {
        page.append("<h2>Groups</h2><table><tr><th>Group<th>Leader<th>Term<th>Commit index<th>Replicas</tr>\n");
        for (GroupLine group : fleet.groups()) {
            page.append("<tr><td>").append(group.id()).append("<td>");
            leader(page, group);
            page.append("<td>").append(group.term()).append("<td>").append(group.commitIndex());
            page.append("<td>").append(escape(String.join(", ", group.nodes()))).append("</tr>\n");
        }
        page.append("</table>");
    }

    private static void shards(StringBuilder page, FleetStatus fleet) {
        page.append("<h2>Shards</h2><table><tr><th>Shard<th>Start<th>End<th>Group<th>Epoch<th>State</tr>\n");
        for (ShardLine shard : fleet.shards()) {
            page.append("<tr><td>").append(shard.id());
            page.append("<td><code>")
                    .append(shard.start().isEmpty() ? "first" : shard.start())
                    .append("</code>");
            page.append("<td><code>")
                    .append(shard.end().isEmpty() ? "last" : shard.end())
                    .append("</code>");
            page.append("<td>").append(shard.group()).append("<td>").append(shard.epoch());
            page.append("<td>").append(escape(shard.state())).append("</tr>\n");
        }
        page.append("</table>");
    }

    private static void leader(StringBuilder page, GroupLine group) {
        page.append(group.leader().isEmpty() ? "<span class=\"none\">none</span>" : escape(group.leader()));
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
