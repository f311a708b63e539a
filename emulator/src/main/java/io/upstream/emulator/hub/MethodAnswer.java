// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

/**
 * What a device answered to a direct method.
 *
 * @param status the device's own number
 * @param payload JSON, or nothing
 */
@SuppressWarnings("ArrayRecordComponent") // answers are never compared
public record MethodAnswer(int status, byte[] payload) {}
