// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

/**
 * How many devices there are; modules do not count.
 *
 * @param devices all that are registered
 * @param disabledDevices how many of them are disabled
 * @param connectedDevices how many of them are connected
 */
public record HubStatistics(int devices, int disabledDevices, int connectedDevices) {}
