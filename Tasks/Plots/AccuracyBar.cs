namespace Diffract.Tasks;

/// <summary>A bar in a plot of accuracies.</summary>
/// <param name="Name">What stands beside it.</param>
/// <param name="Accuracy">Its length, and the interval drawn over its end.</param>
public sealed record AccuracyBar(string Name, Proportion Accuracy);
