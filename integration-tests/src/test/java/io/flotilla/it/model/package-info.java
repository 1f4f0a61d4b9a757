/**
 * The hand-over of a shard between two groups as a model that can be explored in full: every reachable state within a
 * {@link io.flotilla.it.model.Size}, with messages that are lost, doubled, late and out of order, leaders that change and
 * replicas that crash for a while or for good. To be read in this order: {@link io.flotilla.it.model.Shard} (what each entry
 * does to a shard), {@link io.flotilla.it.model.Hold} (how a copy grows), {@link io.flotilla.it.model.TargetRules} and
 * {@link io.flotilla.it.model.SourceRules} (who may do what, and when), {@link io.flotilla.it.model.Promises} (what must never
 * be seen), {@link io.flotilla.it.model.Explorer} (how it is explored). The page docs/testing/handover-model.md says what is
 * abstracted and lists the results.
 */
package io.flotilla.it.model;
