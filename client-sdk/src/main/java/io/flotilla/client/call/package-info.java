/**
 * How an operation reaches the right replica and comes back with a definite outcome. Everything here lives on the
 * client's loop unless it says otherwise; time, randomness and streams come through the ports of
 * {@link io.flotilla.client.net}.
 *
 * <p><b>The path of one write.</b>
 *
 * <ol>
 *   <li>{@link io.flotilla.client.call.ClientLoop#submit} counts it against the client's bounds (else BUSY at once) and hands
 *       it to the loop, where it gets its place in the order of all operations.
 *   <li>{@code ShardCall.place} looks its key up in the routing table. Without a table it waits for one; where the table has
 *       a gap it asks for a newer configuration and waits.
 *   <li>{@code GroupRoute.offer} takes it to the group's leader. While none is known it waits there, and the oldest of those
 *       that wait goes to one replica after the other until one answers.
 *   <li>{@code WriteSession} gives it one of the places that this client has in the shard, half as many as the shard keeps
 *       replies; without one it waits for the oldest write of the session.
 *   <li>{@code GroupLoad} and {@code LinkRoom} say whether the leader and the stream take one more now: what one group has
 *       unanswered leaves room for the others. If not it waits in {@code GroupRoute}, the oldest first; what would be
 *       answered too late anyhow is refused as BUSY.
 *   <li>{@code WriteCall.request} numbers it, gives it a not-after within a window of the shard's log time, and
 *       {@code Link.send} puts it into the frame of this turn: from now on it may be done.
 *   <li>{@code AttemptOutcomes} says what the answer means: a result; a refusal that repairs the table or the leader, and
 *       the way is gone again at once; BUSY, and it pauses and waits in {@code Retries} until its group's budget allows
 *       another try, unless others wait for it; EXPIRED, and it gets more time if it is certain that it was not done. A stream
 *       that broke leaves the attempt lost: the retry has the same session and number, and is applied once.
 *   <li>{@code ClientLoop.over} ends it, {@code WriteSession.ended} gives its place to the next. At its deadline it ends
 *       as indeterminate if an attempt is lost or unanswered, else as refused.
 * </ol>
 *
 * <p><b>Overload.</b> Nothing that an overload causes may keep it going. A node that is slow is not given a request twice,
 * since a stream brings one answer to each; retries are bounded for each group by what it gets done; what was lost with a
 * stream comes back step by step; and what waits is bounded by the client's bound, in order, with a deadline.
 */
package io.flotilla.client.call;
