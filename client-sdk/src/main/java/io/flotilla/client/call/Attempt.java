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

    /** The node that leads the group and that this one was asked to pass it on to; null as a rule: it was not asked to. */
    final String passedTo;

    final long sentAt;
    /** Of keys and values. */
    final long size;
    /** Of a write: until when, in the shard's log time, it may be applied. */
    final long notAfter;

    /** It is known that it was not done and can't be any more, whatever its answer will be. */
    boolean harmless;
    /** It counts against what its group may have at its leader. */
    boolean counts;

    /** The operation's other unanswered attempts, as a list. */
    Attempt older;
    /** The group's unanswered attempts, as a list. */
    Attempt previousOfGroup;

    Attempt nextOfGroup;

    /** After the request was made. */
    Attempt(Call<?> call, Link link, GroupRoute group, String passedTo, long sentAt) {
        this.call = call;
        this.link = link;
        this.group = group;
        this.passedTo = passedTo;
        this.route = call.route();
        this.sentAt = sentAt;
        this.size = call.bytes;
        this.notAfter = call.notAfter();
    }

    @Override
    public void answered(Link from, Response response) {
        call.loop.outcomes().answered(this, response);
    }

    @Override
    public void lost(Link from, boolean sent) {
        call.loop.outcomes().lost(this, sent);
    }
}
