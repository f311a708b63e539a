// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import java.time.Instant;

/**
 * One telemetry message as the hub keeps it.
 *
 * @param sequence from 1 on, without gaps, in the order of arrival over all identities
 */
public record TelemetryRecord(long sequence, HubIdentity identity, Instant enqueuedTime, HubMessage message) {}
