/** Calls all listeners. What one throws is the app's own error, and keeps none from being called. */
export function callAll<Arguments extends unknown[]>(listeners: Iterable<(...now: Arguments) => unknown>, ...now: Arguments): void {
    for (const listener of [...listeners]) {
        try {
            listener(...now);
        } catch (error) {
            queueMicrotask(() => {
                throw error;
            });
        }
    }
}
