namespace Diffract.Engine;

/// <summary>What one thread takes from a pool while it works on the tasks of a parallel loop. Whether two threads hold
/// theirs at one moment is a matter of timing; the most that one task takes is not.</summary>
internal static class TaskMemory
{
    [ThreadStatic]
    private static long live, most;

    [ThreadStatic]
    private static int depth;

    /// <summary>Whether this thread works on a task.</summary>
    public static bool IsInside => depth > 0;

    /// <summary>Begins to count.</summary>
    /// <returns>What an outer loop has counted, for <see cref="Leave"/>.</returns>
    public static (long Live, long Most) Enter()
    {
        var outer = (live, most);
        (live, most) = (0, 0);
        depth++;
        return outer;
    }

    /// <summary>Ends, and goes on for the outer loop.</summary>
    /// <returns>The most bytes that were held since <see cref="Enter"/>.</returns>
    public static long Leave((long Live, long Most) outer)
    {
        var inner = most;
        (live, most) = outer;
        depth--;
        return inner;
    }

    /// <summary>Counts bytes that were taken, or given back when negative.</summary>
    public static void Add(long bytes)
    {
        live += bytes;
        most = Math.Max(most, live);
    }

    /// <summary>Counts bytes that the threads of an inner loop may have held at once.</summary>
    public static void Reach(long bytes) => most = Math.Max(most, live + bytes);
}
