using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>A golden folder or a fixture in it that is not as its format says.</summary>
public sealed class VerifyException(string message, Exception? inner = null) : DiffractException(message, inner);
