/**
 * The key-value state machine. A good order to read it: {@link io.flotilla.kv.machine.KvStateMachine} is the path of a
 * write, {@code Mutations} what each operation does, {@code SessionTable} what makes writes happen once, {@code Layout}
 * where everything lies in the engine. All but {@link io.flotilla.kv.machine.KvMachines} and
 * {@link io.flotilla.kv.machine.Rules} belongs to the group's applier lane.
 */
package io.flotilla.kv.machine;
