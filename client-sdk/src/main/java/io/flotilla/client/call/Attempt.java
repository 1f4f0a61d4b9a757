package io.flotilla.client.call;

import io.flotilla.client.proto.Response;
import io.flotilla.client.routing.ShardRoute;

/** One sending of an operation over one stream. */
final class Attempt implements Pending {
    final Call<?> call;
    final Link link;
    /** The group whose leader the node was taken for; null if the request was meant for this node. */
    final GroupRoute group;

    /** The shard that it was meant for; null if for none. */
    final ShardRoute route;

    final long sentAt;
    /** The operation's other unanswered attempts, as a list. */
    Attempt older;

    Attempt(Call<?> call, Link link, GroupRoute group, long sentAt) {
        this.call = call;
        this.link = link;
        this.group = group;
        this.route = call.route();
        this.sentAt = sentAt;
    }

    @Override
    public void answered(Link from, Response response) {
        call.loop.answers().answered(this, response);
    }

    @Override
    public void lost(Link from, boolean sent) {
        call.loop.answers().lost(this, sent);
    }
}
