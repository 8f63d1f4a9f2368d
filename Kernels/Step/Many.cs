namespace Diffract.Kernels;

/// <summary>The same routine on many arrays at once.</summary>
/// <typeparam name="TArgs">Its arguments for one array.</typeparam>
/// <param name="Each">The arguments of every array, at least one; numbers are those of the first.</param>
/// <param name="Table">Remembers where the arrays lie; one that is kept for the next call saves its making.</param>
public readonly record struct Many<TArgs>(TArgs[] Each, StretchTable Table) where TArgs : struct;
