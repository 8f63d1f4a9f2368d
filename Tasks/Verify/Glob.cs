using System.Text;
using System.Text.RegularExpressions;

namespace Diffract.Tasks;

/// <summary>A pattern for names: <c>*</c> is any text (slashes too), <c>?</c> one character, <c>[abc]</c> and
/// <c>[!abc]</c> one of or none of a set, <c>{a,b}</c> one of several. The whole name must match.</summary>
internal sealed class Glob
{
    private readonly Regex regex;

    public Glob(string pattern)
    {
        Pattern = pattern;
        try
        {
            regex = new Regex(Translate(pattern), RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
        }
        catch (RegexParseException e)
        {
            throw new VerifyException($"the pattern '{pattern}' cannot be understood; use *, ?, [abc] and {{a,b}}", e);
        }
    }

    public string Pattern { get; }

    public bool Matches(string name) => regex.IsMatch(name);

    private static string Translate(string pattern)
    {
        var text = new StringBuilder(@"\A");
        var (depth, inSet) = (0, false);
        for (var i = 0; i < pattern.Length; i++)
        {
            var c = pattern[i];
            if (inSet)
            {
                inSet = c != ']';
                text.Append(c is '\\' or '[' or '^' ? "\\" + c : c.ToString());
                continue;
            }
            switch (c)
            {
                case '*': text.Append(".*"); break;
                case '?': text.Append('.'); break;
                case '[':
                    inSet = true;
                    text.Append('[');
                    if (i + 1 < pattern.Length && pattern[i + 1] == '!')
                    {
                        text.Append('^');
                        i++;
                    }
                    break;
                case '{': depth++; text.Append("(?:"); break;
                case '}' when depth > 0: depth--; text.Append(')'); break;
                case ',' when depth > 0: text.Append('|'); break;
                default: text.Append(Regex.Escape(c.ToString())); break;
            }
        }
        return text.Append(@"\z").ToString();
    }
}
