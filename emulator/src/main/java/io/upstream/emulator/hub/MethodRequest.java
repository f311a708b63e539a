// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import java.util.UUID;

/**
 * A direct method on its way to a device, whose answer goes to {@link Hub#answerMethod}.
 *
 * @param id a version 4 UUID, by which the answer is matched
 * @param payload JSON, or nothing
 */
@SuppressWarnings("ArrayRecordComponent") // requests are never compared
public record MethodRequest(UUID id, String name, byte[] payload) {}
