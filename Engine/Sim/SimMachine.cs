namespace Diffract.Engine.Sim;

/// <summary>Runs kernels.</summary>
internal static class SimMachine
{
    /// <summary>Runs all blocks of a launch, one after the other.</summary>
    /// <exception cref="SimException">A kernel did what no device promises to survive, or the launch does not fit it.
    /// </exception>
    public static void Run(SimProgram program, SimLaunch launch)
    {
        var (block, grid) = (launch.Size.Block, launch.Size.Grid);
        var threads = (long)block.X * block.Y * block.Z;
        if (threads < 1 || threads > program.MaxThreads)
            throw new SimException($"{program.Name} is launched with {threads} threads a block; it takes at most "
                + $"{program.MaxThreads}");
        if (grid.X < 1 || grid.Y is < 1 or > 65535 || grid.Z is < 1 or > 65535)
            throw new SimException($"{program.Name} is launched with a grid of {grid}");
        if (launch.Arguments.Length != program.ParameterBytes)
            throw new SimException($"{program.Name} takes {program.ParameterBytes} bytes of arguments, found "
                + $"{launch.Arguments.Length}");
        launch.Memory.BeginLaunch((long)grid.X * grid.Y * grid.Z);
        var worker = new SimBlock(program, launch);
        long index = 0;
        for (var z = 0; z < grid.Z; z++)
            for (var y = 0; y < grid.Y; y++)
                for (var x = 0; x < grid.X; x++)
                {
                    launch.Memory.BeginBlock(index++);
                    worker.Run((x, y, z));
                }
    }
}
